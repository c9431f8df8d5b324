#include "test/runtime/io/Seeds.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

namespace fovea::test {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "fovea-test-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    throw std::runtime_error("no temporary folder");
  path = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

std::string TemporaryFolder::write(const std::string &name, std::string_view contents) const {
  std::ofstream(file(name), std::ios::binary).write(contents.data(), std::streamsize(contents.size()));
  return file(name);
}

std::string slurp(const std::string &path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string little(uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i)
    bytes += char(value >> (8 * i));
  return bytes;
}

std::string big(uint64_t value, int width) {
  std::string bytes;
  for (int i = width; i-- > 0;)
    bytes += char(value >> (8 * i));
  return bytes;
}

std::string idx(const std::vector<uint32_t> &sizes) {
  std::string bytes = big(0x0800 + sizes.size(), 4);
  size_t count = 1;
  for (uint32_t size : sizes) {
    bytes += big(size, 4);
    count *= size;
  }
  for (size_t i = 0; i < count; ++i)
    bytes += char(i);
  return bytes;
}

std::string gzip(const std::string &contents) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string bytes(deflateBound(&stream, contents.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(contents.data()));
  stream.avail_in = uInt(contents.size());
  stream.next_out = reinterpret_cast<Bytef *>(bytes.data());
  stream.avail_out = uInt(bytes.size());
  deflate(&stream, Z_FINISH);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

std::string npy(std::string_view dictionary, std::string_view data, int version) {
  return std::string("\x93NUMPY") + char(version) + '\0' + little(dictionary.size(), version == 1 ? 2 : 4) +
         std::string(dictionary) + std::string(data);
}

std::string safetensors(std::string_view header, std::string_view data) {
  return little(header.size(), 8) + std::string(header) + std::string(data);
}

std::string png(uint32_t width, uint32_t height, std::string_view rows, const PngOptions &options) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp png, png_bytep data, size_t count) {
        static_cast<std::string *>(png_get_io_ptr(png))->append(reinterpret_cast<char *>(data), count);
      },
      nullptr);
  png_set_IHDR(png, info, width, height, options.depth, options.type,
               options.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (options.type == PNG_COLOR_TYPE_PALETTE) {
    std::vector<png_color> palette(size_t(1) << options.depth);
    for (size_t i = 0; i < palette.size(); ++i)
      palette[i] = {png_byte(i), png_byte(2 * i), png_byte(255 - i)};
    png_set_PLTE(png, info, palette.data(), int(palette.size()));
  }
  if (options.transparentZero) {
    png_byte alpha[1] = {0};
    png_color_16 zero{};
    bool palette = options.type == PNG_COLOR_TYPE_PALETTE;
    png_set_tRNS(png, info, palette ? alpha : nullptr, 1, palette ? nullptr : &zero);
  }
  png_write_info(png, info);
  const size_t rowBytes = png_get_rowbytes(png, info);
  if (rows.size() != rowBytes * height)
    throw std::runtime_error("a test hands over rows of the wrong size");
  const int passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < passes; ++pass)
    for (uint32_t y = 0; y < height; ++y)
      png_write_row(png, reinterpret_cast<png_const_bytep>(rows.data() + y * rowBytes));
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::string jpeg(uint32_t width, uint32_t height, int components, std::string_view pixels, bool progressive,
                 bool adobe) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char *out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &out, &size);
  jpeg.image_width = width;
  jpeg.image_height = height;
  jpeg.input_components = components;
  jpeg.in_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  if (components == 4)
    jpeg.write_Adobe_marker = adobe;
  if (progressive)
    jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < height) {
    auto *row = reinterpret_cast<JSAMPROW>(
        const_cast<char *>(pixels.data() + size_t(jpeg.next_scanline) * width * size_t(components)));
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::string bytes(reinterpret_cast<char *>(out), size);
  jpeg_destroy_compress(&jpeg);
  std::free(out);
  return bytes;
}

} // namespace fovea::test
