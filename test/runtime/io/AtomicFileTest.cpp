#include "runtime/AtomicFile.h"
#include "test/runtime/io/Expect.h"
#include "test/runtime/io/Seeds.h"

#include <filesystem>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace fovea;
using namespace fovea::test;
namespace fs = std::filesystem;

namespace {

size_t filesIn(const TemporaryFolder &folder) {
  return size_t(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()));
}

TEST(AtomicFile, writesNewFile) {
  TemporaryFolder folder;
  writeFileAtomically(folder.file("new"), "contents");
  EXPECT_EQ(slurp(folder.file("new")), "contents");
  EXPECT_EQ(filesIn(folder), 1u);
}

TEST(AtomicFile, replacesFileAndKeepsItsPermissions) {
  TemporaryFolder folder;
  std::string path = folder.write("old", "before");
  ::chmod(path.c_str(), 0640);
  writeFileAtomically(path, std::string(3'000'000, 'x'));
  EXPECT_EQ(slurp(path), std::string(3'000'000, 'x'));
  struct stat status;
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST(AtomicFile, leavesPreviousFileWhenNotCommitted) {
  TemporaryFolder folder;
  std::string path = folder.write("old", "before");
  {
    AtomicFile file(path);
    file.write("half of the new contents");
  }
  EXPECT_EQ(slurp(path), "before");
  EXPECT_EQ(filesIn(folder), 1u);
}

TEST(AtomicFile, followsSymbolicLinks) {
  TemporaryFolder folder;
  folder.write("target", "before");
  fs::create_symlink("target", folder.file("link"));
  fs::create_symlink("new", folder.file("dangling"));
  writeFileAtomically(folder.file("link"), "after");
  writeFileAtomically(folder.file("dangling"), "made");
  EXPECT_TRUE(fs::is_symlink(folder.file("link")));
  EXPECT_EQ(slurp(folder.file("target")), "after");
  EXPECT_EQ(slurp(folder.file("new")), "made");
}

TEST(AtomicFile, namesFullDevice) {
  EXPECT_ERROR(writeFileAtomically("/dev/full", "x"), "/dev/full: no space left on device");
}

TEST(AtomicFile, keepsPreviousFileAtSizeLimit) {
  TemporaryFolder folder;
  std::string path = folder.write("old", "before");
  rlimit before{}, small{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  small = before;
  small.rlim_cur = 100'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_ERROR(writeFileAtomically(path, std::string(1'000'000, 'x')), "file size limit exceeded",
               "the previous file is unchanged");
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(slurp(path), "before");
  EXPECT_EQ(filesIn(folder), 1u);
}

TEST(AtomicFile, writesDevicesDirectly) { writeFileAtomically("/dev/null", "x"); }

TEST(AtomicFile, refusesDirectoriesAndMissingFolders) {
  TemporaryFolder folder;
  EXPECT_ERROR(AtomicFile file(folder.path), folder.path + ": is a directory");
  EXPECT_ERROR(AtomicFile file(folder.file("no/such")), "No such file or directory", "choose a folder");
}

TEST(AtomicFile, refusesUnwritableFolder) {
  TemporaryFolder folder;
  ::chmod(folder.path.c_str(), 0555);
  if (::access(folder.path.c_str(), W_OK) == 0)
    GTEST_SKIP() << "root may write anywhere";
  EXPECT_ERROR(AtomicFile file(folder.file("x")), "Permission denied");
}

} // namespace
