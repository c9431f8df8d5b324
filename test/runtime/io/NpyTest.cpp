#include "runtime/Npy.h"
#include "test/runtime/io/Expect.h"
#include "test/runtime/io/Seeds.h"

#include <cstring>

using namespace fovea;
using namespace fovea::test;

namespace {

template <typename T> std::string bytesOf(const std::vector<T> &values) {
  return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)};
}

const std::string sixFloats = bytesOf<float>({0, 1, 2, 3, 4, 5});

struct Npy : testing::Test {
  TemporaryFolder folder;
  std::string write(std::string_view dictionary, std::string_view data, int version = 1) {
    return folder.write("x.npy", npy(dictionary, data, version));
  }
};

TEST_F(Npy, roundTrips) {
  const float values[] = {1.5f, -2, 3, 4, 5, 6};
  const int64_t shape[] = {2, 3}, labels[] = {7, -1}, two[] = {2};
  writeNpy(folder.file("f.npy"), shape, values);
  FloatTensor tensor = readNpyFloats(folder.file("f.npy"));
  EXPECT_EQ(tensor.shape, (Shape{2, 3}));
  EXPECT_EQ(tensor.values, (std::vector<float>{1.5f, -2, 3, 4, 5, 6}));
  std::string bytes = slurp(folder.file("f.npy"));
  EXPECT_EQ(bytes.size(), 128u + 24u);
  EXPECT_NE(bytes.find("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"), std::string::npos);

  writeNpy(folder.file("i.npy"), two, labels);
  EXPECT_NE(slurp(folder.file("i.npy")).find("'shape': (2,), }"), std::string::npos);
  EXPECT_EQ(readNpyIntegers(folder.file("i.npy")).values, (std::vector<int64_t>{7, -1}));
  writeNpy(folder.file("scalar.npy"), {}, values);
  EXPECT_EQ(readNpyFloats(folder.file("scalar.npy")).shape, Shape{});
}

TEST_F(Npy, readsAllVersionsAndOrders) {
  for (int version : {1, 2, 3}) {
    FloatTensor c =
        readNpyFloats(write("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", sixFloats, version));
    EXPECT_EQ(c.values, (std::vector<float>{0, 1, 2, 3, 4, 5}));
  }
  FloatTensor f = readNpyFloats(write("{'shape': (2, 3), 'fortran_order': True, 'descr': '<f4'}", sixFloats));
  EXPECT_EQ(f.shape, (Shape{2, 3}));
  EXPECT_EQ(f.values, (std::vector<float>{0, 2, 4, 1, 3, 5}));
}

TEST_F(Npy, converts) {
  EXPECT_EQ(readNpyFloats(write("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", bytesOf<double>({0.5, -3})))
                .values,
            (std::vector<float>{0.5f, -3}));
  EXPECT_EQ(readNpyIntegers(write("{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}", "\xff\x01")).values,
            (std::vector<int64_t>{255, 1}));
  EXPECT_EQ(readNpyIntegers(write("{'descr': '|i1', 'fortran_order': False, 'shape': (2,)}", "\xff\x01")).values,
            (std::vector<int64_t>{-1, 1}));
  EXPECT_EQ(
      readNpyIntegers(write("{'descr': '<i4', 'fortran_order': False, 'shape': (1,)}", bytesOf<int32_t>({-9}))).values,
      (std::vector<int64_t>{-9}));
}

TEST_F(Npy, readsEmptyArrays) {
  EXPECT_EQ(readNpyFloats(write("{'descr': '<f4', 'fortran_order': True, 'shape': (0, 3)}", "")).shape, (Shape{0, 3}));
}

TEST_F(Npy, refusesOtherTypes) {
  EXPECT_ERROR(readNpyFloats(write("{'descr': '<i8', 'fortran_order': False, 'shape': (1,)}", "01234567")), "x.npy",
               "'<i8'", "float32");
  EXPECT_ERROR(readNpyFloats(write("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "0123")), "'>f4'",
               "little-endian");
  EXPECT_ERROR(readNpyIntegers(write("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "0123")), "integers");
  EXPECT_ERROR(readNpyFloats(write("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "0123")), "'|O'");
  EXPECT_ERROR(readNpyFloats(write("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "0123")),
               "structured");
}

TEST_F(Npy, refusesShapesThatLie) {
  EXPECT_ERROR(readNpyFloats(write("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4)}", sixFloats)), "[2, 4]",
               "32 bytes", "24 follow", "truncated");
  EXPECT_ERROR(readNpyFloats(write("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", sixFloats)), "too long");
  EXPECT_ERROR(readNpyFloats(write("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "")),
               "more elements than any file");
  EXPECT_ERROR(readNpyFloats(write("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "")),
               "2^63");
  EXPECT_ERROR(readNpyFloats(write("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "")), "extent expected");
}

TEST_F(Npy, refusesMalformedHeaders) {
  EXPECT_ERROR(readNpyFloats(folder.write("x.npy", "not npy")), "is not a .npy file");
  EXPECT_ERROR(readNpyFloats(folder.write("x.npy", "")), "is not a .npy file");
  EXPECT_ERROR(readNpyFloats(folder.write("x.npy", "\x93NUMPY\x01")), "format version", "truncated");
  EXPECT_ERROR(readNpyFloats(write("{}", "", 9)), "version 9.0");
  EXPECT_ERROR(readNpyFloats(folder.write("x.npy", std::string("\x93NUMPY\x01\0\xff\xff{", 11))), "truncated");
  EXPECT_ERROR(readNpyFloats(write("{'descr': '<f4', 'shape': (2,)}", "")), "no key 'fortran_order'");
  EXPECT_ERROR(readNpyFloats(write("{'descr': '<f4', 'descr': '<f4'}", "")), "repeated key 'descr'");
  EXPECT_ERROR(readNpyFloats(write("{'other': 1}", "")), "unknown key 'other'");
  EXPECT_ERROR(readNpyFloats(write("{'descr': '<f4", "")), "without an end");
  EXPECT_ERROR(readNpyFloats(write("{'fortran_order': Maybe}", "")), "True or False");
  EXPECT_ERROR(readNpyFloats(write("[1]", "")), "'{' expected");
  EXPECT_ERROR(readNpyFloats(write("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", "")), "text after");
}

TEST_F(Npy, namesMissingFilesAndDirectories) {
  EXPECT_ERROR(readNpyFloats(folder.file("none")), "none: cannot be opened: No such file");
  EXPECT_ERROR(readNpyFloats(folder.path), "is a directory");
}

} // namespace
