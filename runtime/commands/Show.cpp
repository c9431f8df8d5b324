// Test images drawn in the terminal, with what the network reads in each.

#include "runtime/Error.h"
#include "runtime/Evaluate.h"
#include "runtime/Progress.h"
#include "runtime/commands/Commands.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace fovea {
namespace {

/// How the terminal can show two pixels, one above the other, in one character.
enum class Ink {
  Grey,   ///< a half block with a foreground and a background of 24 greys
  Blocks, ///< a half block, each pixel on or off
  Ascii   ///< their mean, as a character that covers about as much paper
};

Ink inkOfTerminal() {
  if (!localeIsUtf8())
    return Ink::Ascii;
  const char *plain = std::getenv("NO_COLOR");
  const char *terminal = std::getenv("TERM");
  bool colours = isatty(STDOUT_FILENO) && !(plain && *plain) && terminal && std::string(terminal) != "dumb";
  return colours ? Ink::Grey : Ink::Blocks;
}

std::string cell(Ink ink, int top, int bottom) {
  if (ink == Ink::Grey) {
    char text[48];
    std::snprintf(text, sizeof(text), "\033[38;5;%dm\033[48;5;%dm▀", 232 + top * 23 / 255, 232 + bottom * 23 / 255);
    return text;
  }
  if (ink == Ink::Blocks) {
    const char *blocks[] = {" ", "▄", "▀", "█"};
    return blocks[(top > 96) * 2 + (bottom > 96)];
  }
  const char *ramp = " .:-=+*#%@";
  return std::string(1, ramp[(top + bottom) / 2 * 9 / 255]);
}

/// The images as lines of text, each line `width` characters wide. Colour images show their first channel's rows.
std::vector<std::string> draw(const Dataset &data, int64_t index, Ink ink) {
  const uint8_t *pixels = data.images.data() + index * data.channels * data.height * data.width;
  std::vector<std::string> lines;
  for (int64_t row = 0; row < data.height; row += 2) {
    std::string line;
    for (int64_t column = 0; column < data.width; ++column) {
      int top = pixels[row * data.width + column];
      int bottom = row + 1 < data.height ? pixels[(row + 1) * data.width + column] : 0;
      line += cell(ink, top, bottom);
    }
    lines.push_back(line + (ink == Ink::Grey ? "\033[0m" : ""));
  }
  return lines;
}

int64_t terminalColumns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

} // namespace

int showCommand(Session &session, const std::string &directory, int64_t count) {
  const Program &program = session.program;
  Dataset data = loadData(program, directory, Split::Test);
  const Preprocess preprocess = preprocessOf(session);
  checkFits(data, preprocess, program.inputShape);
  if (!data.files.empty())
    throw Error("--show draws small images; for photographs give their files: predict --weights W IMAGE...");
  count = std::min(count, data.count);
  Ink ink = inkOfTerminal();
  int64_t perRow = std::max<int64_t>(1, terminalColumns() / (data.width + 2));

  const View centre = centreView(preprocess, data.height, data.width);
  std::vector<float> input(program.inputElements()), scores(program.outputElements());
  for (int64_t first = 0; first < count; first += perRow) {
    std::vector<std::string> lines(data.height / 2 + data.height % 2);
    std::string captions;
    for (int64_t index = first; index < std::min(first + perRow, count); ++index) {
      std::vector<std::string> drawn = draw(data, index, ink);
      for (size_t i = 0; i < lines.size(); ++i)
        lines[i] += drawn[i] + "  ";
      int32_t label = 0;
      fillViews(data, {&index, 1}, preprocess, {&centre, 1}, input.data(), &label);
      session.infer(input.data(), 1, scores.data());
      std::vector<double> chance = probabilities(program, scores.data());
      auto best = std::max_element(chance.begin(), chance.end()) - chance.begin();
      char caption[96];
      int written =
          std::snprintf(caption, sizeof(caption), "reads %d (%.1f %%)", static_cast<int>(best), 100 * chance[best]);
      if (best != data.labels[index])
        std::snprintf(caption + written, sizeof(caption) - written, ", is %d", static_cast<int>(data.labels[index]));
      std::string text = caption;
      text.resize(std::max<size_t>(text.size(), data.width + 2), ' ');
      captions += text;
    }
    for (const std::string &line : lines)
      std::printf("%s\n", line.c_str());
    std::printf("%s\n\n", captions.c_str());
  }
  return 0;
}

} // namespace fovea
