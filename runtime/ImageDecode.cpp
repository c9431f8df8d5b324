// PNG and JPEG through libpng and libjpeg-turbo.
//
// Both libraries report errors by longjmp, which must not cross a C++ object with a destructor. So each decoder is a
// plain function over one state struct that its caller owns: setjmp is called in a frame that holds only pointers and
// numbers, and everything that allocates (vectors, messages as std::string) lives in the caller or in the struct.
#include "runtime/Error.h"
#include "runtime/Exif.h"
#include "runtime/File.h"
#include "runtime/Image.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>

#include <jpeglib.h>

#include <jerror.h>
#include <png.h>

namespace fovea {

namespace {

constexpr uint64_t largestPixels = 64'000'000;
constexpr uint64_t largestFile = uint64_t(1) << 30;

struct Decoder {
  std::span<const uint8_t> file;
  size_t at = 0;
  Image image;
  char message[256] = "";
  uint64_t width = 0, height = 0; // as the header says

  void setMessage(const char *text) { std::snprintf(message, sizeof message, "%s", text); }

  /// Checks the header's sizes before any memory for pixels is taken. `leastBytes` is what the format's best
  /// compression makes of such a picture: it unmasks small files that claim to be huge.
  bool sizesAllowed(uint64_t leastBytes) {
    const unsigned long long w = width, h = height;
    if (w == 0 || h == 0 || w * h > largestPixels)
      std::snprintf(message, sizeof message, "it is %llu x %llu pixels; at most %llu million in all are allowed", w, h,
                    static_cast<unsigned long long>(largestPixels / 1'000'000));
    else if (leastBytes > file.size())
      std::snprintf(message, sizeof message, "its header says %llu x %llu pixels, which %zu bytes cannot hold", w, h,
                    file.size());
    else
      return true;
    return false;
  }

  void allocate(int64_t channels) {
    image.width = int64_t(width);
    image.height = int64_t(height);
    image.channels = channels;
    image.pixels.resize(size_t(width * height * uint64_t(channels)));
  }
};

// ---- PNG

struct PngDecoder : Decoder {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::vector<png_bytep> rows;

  ~PngDecoder() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void pngError(png_structp png, png_const_charp text) {
  static_cast<PngDecoder *>(png_get_error_ptr(png))->setMessage(text);
  png_longjmp(png, 1);
}

void pngWarning(png_structp, png_const_charp) {}

void pngRead(png_structp png, png_bytep to, size_t count) {
  auto *decoder = static_cast<PngDecoder *>(png_get_io_ptr(png));
  if (count > decoder->file.size() - decoder->at)
    png_error(png, "it is truncated");
  std::memcpy(to, decoder->file.data() + decoder->at, count);
  decoder->at += count;
}

/// Reads the header and asks libpng for 8-bit grey or RGB, with alpha or without. False when `decoder.message` was set.
bool pngBegin(PngDecoder &decoder) {
  png_structp png = decoder.png;
  if (setjmp(png_jmpbuf(png)))
    return false;
  png_set_read_fn(png, &decoder, pngRead);
  png_set_user_limits(png, 1'000'000, 1'000'000);
  png_set_chunk_malloc_max(png, 8'000'000); // text and colour profiles may inflate, too
  png_set_chunk_cache_max(png, 64);
  png_read_info(png, decoder.info);
  decoder.width = png_get_image_width(png, decoder.info);
  decoder.height = png_get_image_height(png, decoder.info);
  // Deflate shrinks to 1/1032 at best.
  if (!decoder.sizesAllowed(png_get_rowbytes(png, decoder.info) * decoder.height / 1040))
    return false;

  png_set_expand(png); // palettes to RGB, 1, 2 and 4 bits to 8, transparent colours to alpha
  png_set_scale_16(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, decoder.info);
  return true;
}

bool pngPixels(PngDecoder &decoder) {
  if (setjmp(png_jmpbuf(decoder.png)))
    return false;
  png_read_image(decoder.png, decoder.rows.data());
  png_read_end(decoder.png, nullptr);
  return true;
}

/// Mixes each pixel with white by its alpha, the last of its channels, in place. (libpng's own mixing turns clear
/// pixels of 16-bit pictures into 254.)
void layOverWhite(Image &image) {
  const size_t from = size_t(image.channels), to = from - 1;
  const size_t count = size_t(image.height * image.width);
  uint8_t *bytes = image.pixels.data();
  for (size_t i = 0; i < count; ++i) {
    const unsigned alpha = bytes[i * from + to];
    for (size_t c = 0; c < to; ++c)
      bytes[i * to + c] = uint8_t((bytes[i * from + c] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
  image.channels = int64_t(to);
  image.pixels.resize(count * to);
}

Image decodePng(PngDecoder &decoder, const std::string &path) {
  decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, pngError, pngWarning);
  decoder.info = decoder.png ? png_create_info_struct(decoder.png) : nullptr;
  if (!decoder.info)
    throw Error(fmt::format("{}: cannot start decoding: out of memory", path));
  bool decoded = pngBegin(decoder);
  if (decoded) {
    const int64_t channels = png_get_channels(decoder.png, decoder.info);
    if (png_get_rowbytes(decoder.png, decoder.info) != size_t(decoder.width) * size_t(channels))
      throw Error(fmt::format("{}: this kind of PNG is not understood; save it as 8-bit grey or RGB", path));
    decoder.allocate(channels);
    for (uint64_t y = 0; y < decoder.height; ++y)
      decoder.rows.push_back(decoder.image.pixels.data() + y * decoder.width * uint64_t(channels));
    decoded = pngPixels(decoder);
  }
  if (!decoded)
    throw Error(fmt::format("{}: cannot be decoded as PNG: {}", path, decoder.message));
  if (decoder.image.channels == 2 || decoder.image.channels == 4)
    layOverWhite(decoder.image);
  return std::move(decoder.image);
}

// ---- JPEG

struct JpegDecoder : Decoder {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jmp_buf escape;
  std::vector<uint8_t> row; // CMYK, before conversion

  ~JpegDecoder() { jpeg_destroy_decompress(&jpeg); }
};

[[noreturn]] void jpegError(j_common_ptr jpeg) {
  auto *decoder = static_cast<JpegDecoder *>(jpeg->client_data);
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  decoder->setMessage(text);
  std::longjmp(decoder->escape, 1);
}

/// libjpeg carries on after damage and fills in grey; a picture that is not what its maker drew is an error here.
void jpegMessage(j_common_ptr jpeg, int level) {
  if (level >= 0)
    return;
  // "Extraneous bytes before marker": harmless padding that some cameras write.
  if (jpeg->err->msg_code == JWRN_EXTRANEOUS_DATA)
    return;
  jpegError(jpeg);
}

bool jpegBegin(JpegDecoder &decoder) {
  jpeg_decompress_struct &jpeg = decoder.jpeg;
  if (setjmp(decoder.escape))
    return false;
  jpeg_create_decompress(&jpeg);
  jpeg.client_data = &decoder;
  jpeg.mem->max_memory_to_use = 512L << 20;
  jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF); // Exif
  jpeg_mem_src(&jpeg, decoder.file.data(), static_cast<unsigned long>(decoder.file.size()));
  jpeg_read_header(&jpeg, TRUE);
  decoder.width = jpeg.image_width;
  decoder.height = jpeg.image_height;
  // Huffman codes take a bit for each block of 64 pixels at the very least: 512 pixels a byte.
  if (!decoder.sizesAllowed(decoder.width * decoder.height / 1024))
    return false;
  const bool cmyk = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
  jpeg.out_color_space = cmyk ? JCS_CMYK : jpeg.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  // The same pixels on every machine and build: the accurate integer transform, no fast shortcuts.
  jpeg.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&jpeg);
  return true;
}

bool jpegPixels(JpegDecoder &decoder) {
  jpeg_decompress_struct &jpeg = decoder.jpeg;
  if (setjmp(decoder.escape))
    return false;
  uint8_t *to = decoder.image.pixels.data();
  const bool cmyk = jpeg.out_color_space == JCS_CMYK;
  // Adobe's programs write CMYK upside down (255 = no ink) and say so by their marker.
  const bool adobe = jpeg.saw_Adobe_marker;
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW line = cmyk ? decoder.row.data() : to;
    if (jpeg_read_scanlines(&jpeg, &line, 1) != 1)
      continue;
    if (cmyk)
      for (size_t x = 0; x < decoder.width; ++x)
        for (size_t c = 0; c < 3; ++c) {
          unsigned ink = decoder.row[x * 4 + c], black = decoder.row[x * 4 + 3];
          to[x * 3 + c] = uint8_t(((adobe ? ink : 255 - ink) * (adobe ? black : 255 - black) + 127) / 255);
        }
    to += decoder.width * uint64_t(decoder.image.channels);
  }
  jpeg_finish_decompress(&jpeg);
  return true;
}

Image decodeJpeg(JpegDecoder &decoder, const std::string &path) {
  decoder.jpeg.err = jpeg_std_error(&decoder.errors);
  decoder.errors.error_exit = jpegError;
  decoder.errors.emit_message = jpegMessage;
  decoder.jpeg.client_data = &decoder;
  bool decoded = jpegBegin(decoder);
  int orientation = 1; // To be read now: the segments are gone when decoding ends.
  for (jpeg_saved_marker_ptr marker = decoder.jpeg.marker_list; marker && orientation == 1; marker = marker->next)
    orientation = exifOrientation({marker->data, marker->data_length});
  if (decoded) {
    const int components = decoder.jpeg.output_components;
    decoder.allocate(components == 1 ? 1 : 3);
    if (components == 4)
      decoder.row.resize(size_t(decoder.width) * 4);
    decoded = jpegPixels(decoder);
  }
  if (!decoded)
    throw Error(fmt::format("{}: cannot be decoded as JPEG: {}", path, decoder.message));
  return upright(std::move(decoder.image), orientation);
}

} // namespace

Image readImage(const std::string &path) {
  std::vector<uint8_t> file = readFile(path, largestFile);
  if (file.size() >= 8 && png_sig_cmp(file.data(), 0, 8) == 0) {
    PngDecoder decoder;
    decoder.file = file;
    return decodePng(decoder, path);
  }
  if (file.size() >= 3 && file[0] == 0xff && file[1] == 0xd8 && file[2] == 0xff) {
    JpegDecoder decoder;
    decoder.file = file;
    return decodeJpeg(decoder, path);
  }
  throw Error(fmt::format("{}: is neither a PNG nor a JPEG file", path));
}

} // namespace fovea
