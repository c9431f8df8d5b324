#include "runtime/Dataset.h"
#include "test/runtime/io/Expect.h"
#include "test/runtime/io/Seeds.h"

#include <filesystem>

using namespace fovea;
using namespace fovea::test;

namespace {

struct Mnist : testing::Test {
  TemporaryFolder folder;
  Mnist() {
    folder.write("train-images-idx3-ubyte", idx({10, 4, 3}));
    folder.write("train-labels-idx1-ubyte.gz", gzip(idx({10})));
    folder.write("t10k-images.idx3-ubyte.gz", gzip(idx({3, 4, 3})));
    folder.write("t10k-labels.idx1-ubyte", idx({3}));
  }
};

TEST_F(Mnist, findsEverySpelling) {
  Dataset train = loadMnist(folder.path, Split::Train), test = loadMnist(folder.path + "/", Split::Test);
  EXPECT_EQ(train.count, 10);
  EXPECT_EQ(train.height, 4);
  EXPECT_EQ(train.width, 3);
  EXPECT_EQ(train.labels[9], 9);
  EXPECT_EQ(test.count, 3);
}

TEST_F(Mnist, fillsPaddedScaledBatches) {
  Dataset train = loadMnist(folder.path, Split::Train);
  const int64_t indices[] = {2, 0};
  std::vector<float> batch(2 * 6 * 5, -1);
  int32_t labels[2];
  const View whole;
  fillViews(train, indices, {0.5f, 4, 1}, {&whole, 1}, batch.data(), labels);
  EXPECT_EQ(batch[0], -2);              // the padding is byte 0
  EXPECT_EQ(batch[6], (24 - 4) * 0.5f); // image 2 begins with byte 24
  EXPECT_EQ(batch[8], (26 - 4) * 0.5f); // end of its first row
  EXPECT_EQ(batch[9], -2);              // right padding
  EXPECT_EQ(batch[30 + 6], -2);         // image 0 begins with byte 0
  EXPECT_EQ(batch[30 + 23], (11 - 4) * 0.5f);
  EXPECT_EQ(batch[59], -2);
  EXPECT_EQ(labels[0], 2);
  EXPECT_EQ(labels[1], 0);
}

TEST_F(Mnist, comparesSizesWithTheNetwork) {
  Dataset train = loadMnist(folder.path, Split::Train);
  const int64_t exact[] = {1, 4, 3}, padded[] = {1, 8, 7};
  checkFits(train, {}, exact);
  checkFits(train, {1, 0, 2}, padded);
  EXPECT_ERROR(checkFits(train, {}, padded), "images are [1, 4, 3]", "the network's input is [1, 8, 7]");
  EXPECT_ERROR(checkFits(train, {1, 0, 1}, padded), "[1, 6, 5] with the recipe's pad of 1", "[1, 8, 7]");
}

TEST_F(Mnist, refusesLabelsOutOfRange) {
  EXPECT_ERROR(loadMnist(folder.path, Split::Train, 5), "label 5 at index 5 of ", "train-labels-idx1-ubyte.gz",
               "out of range 0..4");
}

TEST_F(Mnist, refusesFilesThatDoNotBelongTogether) {
  folder.write("train-labels-idx1-ubyte", idx({9}));
  EXPECT_ERROR(loadMnist(folder.path, Split::Train), "10 images", "9 labels");
}

TEST_F(Mnist, refusesEmptySets) {
  folder.write("train-labels-idx1-ubyte", idx({0}));
  folder.write("train-images-idx3-ubyte", idx({0, 28, 28}));
  EXPECT_ERROR(loadMnist(folder.path, Split::Train), "holds no pixels");
}

TEST_F(Mnist, namesWhatIsMissing) {
  EXPECT_ERROR(loadMnist(folder.file("nowhere"), Split::Train), "nowhere: there is no such directory",
               "four IDX files");
  EXPECT_ERROR(loadMnist(folder.file("train-images-idx3-ubyte"), Split::Train), "is not a directory");
  std::filesystem::remove(folder.file("t10k-labels.idx1-ubyte"));
  EXPECT_ERROR(loadMnist(folder.path, Split::Test), folder.path, "no file t10k-labels-idx1-ubyte or", "four IDX files");
}

} // namespace
