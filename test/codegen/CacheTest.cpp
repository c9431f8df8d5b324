#include "codegen/Cache.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <stdlib.h>

namespace fovea {
namespace {

namespace fs = std::filesystem;

class CacheTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/fovea-cache-XXXXXX";
    folder = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder); }

  fs::path onlyFile() const {
    for (const auto &entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file())
        return entry.path();
    return {};
  }

  std::string folder;
  const std::string key = sha256("a kernel"), object = std::string("\x7f"
                                                                   "ELF\0object",
                                                                   11);
};

TEST_F(CacheTest, hashesAsSha256) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(CacheTest, returnsWhatWasStored) {
  Cache cache(folder);
  EXPECT_FALSE(cache.load(key));
  cache.store(key, object);
  EXPECT_EQ(cache.load(key), object);
  EXPECT_EQ(Cache(folder).load(key), object);
  EXPECT_FALSE(cache.load(sha256("another kernel")));
}

TEST_F(CacheTest, replacesAnEntry) {
  Cache cache(folder);
  cache.store(key, "old");
  cache.store(key, object);
  EXPECT_EQ(cache.load(key), object);
}

TEST_F(CacheTest, ignoresADamagedEntry) {
  Cache cache(folder);
  cache.store(key, object);
  std::fstream file(onlyFile(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-1, std::ios::end);
  file.put('X');
  file.close();
  EXPECT_FALSE(cache.load(key));
}

TEST_F(CacheTest, ignoresATruncatedEntry) {
  Cache cache(folder);
  cache.store(key, object);
  for (uintmax_t size : {fs::file_size(onlyFile()) - 1, uintmax_t(40), uintmax_t(0)}) {
    fs::resize_file(onlyFile(), size);
    EXPECT_FALSE(cache.load(key)) << size;
  }
}

TEST_F(CacheTest, withoutAFolderKeepsNothing) {
  Cache cache("");
  cache.store(key, object);
  EXPECT_FALSE(cache.load(key));
}

TEST_F(CacheTest, warnsOnceWhenItCannotWrite) {
  std::ofstream(folder + "/file") << "in the way";
  Cache cache(folder + "/file/cache");
  testing::internal::CaptureStderr();
  cache.store(key, object);
  cache.store(key, object);
  const std::string told = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(told.starts_with("fovea: warning: cannot keep compiled kernels in " + folder + "/file/cache: ")) << told;
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1);
}

TEST_F(CacheTest, findsItsFolderInTheEnvironment) {
  setenv("HOME", "/home/somebody", 1);
  unsetenv("XDG_CACHE_HOME");
  unsetenv("FOVEA_CACHE_DIR");
  EXPECT_EQ(Cache::defaultFolder(), "/home/somebody/.cache/fovea");
  setenv("XDG_CACHE_HOME", "/var/cache", 1);
  EXPECT_EQ(Cache::defaultFolder(), "/var/cache/fovea");
  setenv("FOVEA_CACHE_DIR", "/fast", 1);
  EXPECT_EQ(Cache::defaultFolder(), "/fast");
}

} // namespace
} // namespace fovea
