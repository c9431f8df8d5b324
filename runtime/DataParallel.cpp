#include "runtime/DataParallel.h"
#include "runtime/ThreadPool.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sched.h>
#include <set>
#include <unistd.h>

namespace fovea {
namespace {

/// FNV-1a, a float at a time.
uint64_t hashOf(const Session &session) {
  uint64_t hash = 0xcbf29ce484222325u;
  std::vector<float> values;
  for (const ParameterInfo &parameter : session.program.parameters) {
    values.resize(size_t(parameter.elements()));
    session.get(parameter, values.data());
    for (float value : values) {
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof(bits));
      hash = (hash ^ bits) * 0x100000001b3u;
    }
  }
  return hash;
}

std::string linesOf(const Dataset &dataset) {
  std::string lines;
  for (const std::string &name : brokenNames(dataset))
    lines += name + "\n";
  return lines;
}

} // namespace

void needSameState(Communicator &communicator, const Session &session, const RunState &state, const Dataset &trainSet,
                   const Dataset &testSet) {
  if (communicator.size == 1)
    return;
  const std::string member = std::string(communicator.member) + " ";
  struct Entry {
    const char *name;
    int64_t value;
  };
  const Entry entries[] = {{"training images", trainSet.count},
                           {"test images", testSet.count},
                           {"images in a batch", state.batch},
                           {"iterations in all", state.totalIterations},
                           {"iterations done", state.iteration}};
  for (const auto &[name, value] : entries) {
    const std::vector<int64_t> all = gathered(communicator, value);
    for (size_t other = 1; other < all.size(); ++other)
      if (all[other] != all[0])
        throw SharedError(member + std::to_string(other) + " has " + std::to_string(all[other]) + " " + name +
                          ", but " + member + "0 has " + std::to_string(all[0]) +
                          "; all processes must read the same files and have the same options");
  }
  const std::vector<uint64_t> hashes = gathered(communicator, hashOf(session));
  for (size_t other = 1; other < hashes.size(); ++other)
    if (hashes[other] != hashes[0])
      throw SharedError("after iteration " + std::to_string(state.iteration) + " " + member + std::to_string(other) +
                        " has other parameters than " + member + "0; all processes must read the same files and run on CPUs "
                        "of one kind ($FOVEA_TARGET can hold them to one)");
}

int64_t brokenFiles(Communicator &communicator, const Dataset &trainSet, const Dataset &testSet) {
  std::set<std::string> names;
  for (const std::string &lines : gatheredTexts(communicator, linesOf(trainSet) + linesOf(testSet)))
    for (size_t at = 0, end; (end = lines.find('\n', at)) != std::string::npos; at = end + 1)
      names.insert(lines.substr(at, end - at));
  return int64_t(names.size());
}

int coresOf(Communicator &communicator) {
  struct Place {
    char host[256];
    cpu_set_t cores;
  } mine{};
  gethostname(mine.host, sizeof(mine.host) - 1);
  if (sched_getaffinity(0, sizeof(mine.cores), &mine.cores) != 0)
    CPU_SET(0, &mine.cores);
  int neighbours = 0, usersOfCore[CPU_SETSIZE] = {};
  for (const Place &place : gathered(communicator, mine)) {
    if (std::strcmp(place.host, mine.host) != 0)
      continue;
    ++neighbours;
    for (int core = 0; core < CPU_SETSIZE; ++core)
      usersOfCore[core] += CPU_ISSET(core, &place.cores) ? 1 : 0;
  }
  double own = 0;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &mine.cores))
      own += 1.0 / usersOfCore[core];
  // Rounded down, but three thirds are 1.
  return std::max(1, std::min(int(own + 1e-6), coreQuota() / neighbours));
}

std::string dataParallelLine(const Program &program, const Communicator &communicator, int64_t batch) {
  const int64_t least = shareOf(batch, 0, communicator.size).count(),
                most = (batch + communicator.size - 1) / communicator.size;
  const bool onDevices = communicator.member == std::string("device");
  std::string line = std::to_string(communicator.size) + (onDevices ? " devices" : " processes") + ", each with " + std::to_string(least) +
                     (least == most ? "" : " or " + std::to_string(most)) + " of a batch's " + std::to_string(batch) +
                     " images";
  if (!onDevices)
    line += " and " + std::to_string(threadCount()) + (threadCount() == 1 ? " thread" : " threads");
  const int64_t smallest = program.functionsOf(FunctionKind::Step).back()->batch;
  if (smallest > most)
    line += "; compiled for " + std::to_string(smallest) + ", the rest is padding (compile with --batch 1," +
            std::to_string(most) + ")";
  if (std::getenv("OMPI_MCA_orte_bound_at_launch"))
    line += "; mpirun bound each to its cores (--bind-to none leaves that to the system)";
  if (std::any_of(program.parameters.begin(), program.parameters.end(), [](auto &p) { return p.average; }))
    line += std::string("; batch normalization takes each ") + communicator.member + "'s own images";
  return line;
}

} // namespace fovea
