#include "runtime/MpiCommunicator.h"
#include "runtime/ThreadPool.h"

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>

namespace fovea {
namespace {

int numberOf(const char *variable, int otherwise) {
  const char *text = std::getenv(variable);
  return text ? std::atoi(text) : otherwise;
}

/// Open MPI's functions and handles. Handles are pointers to the library's data there, while MPICH's and Intel's are
/// numbers: a program cannot be made for both without their headers' constants, and is made for one.
struct Library {
  explicit Library(const char *name) {
    void *handle = dlopen(name, RTLD_NOW | RTLD_GLOBAL); // Global: its own plugins look for its symbols.
    if (!handle)
      throw Error(std::string("mpirun started several processes, but its library cannot be opened: ") + dlerror() +
                  "; install Open MPI's (Debian: libopenmpi3), or name it in FOVEA_MPI_LIBRARY");
    auto find = [&](auto &target, const char *symbol) {
      target = reinterpret_cast<std::decay_t<decltype(target)>>(dlsym(handle, symbol));
      if (!target)
        throw Error(std::string(name) + ": has no " + symbol + ", so it is not Open MPI's library");
    };
    find(world, "ompi_mpi_comm_world");
    find(byte, "ompi_mpi_byte");
    find(initThread, "MPI_Init_thread");
    find(rank, "MPI_Comm_rank");
    find(size, "MPI_Comm_size");
    find(alltoall, "MPI_Alltoall");
    find(allgather, "MPI_Allgather");
    find(abort, "MPI_Abort");
    find(finalize, "MPI_Finalize");
  }

  void *world, *byte;
  int (*initThread)(int *, char ***, int, int *);
  int (*rank)(void *, int *), (*size)(void *, int *);
  int (*alltoall)(const void *, int, void *, void *, int, void *, void *);
  int (*allgather)(const void *, int, void *, void *, int, void *, void *);
  int (*abort)(void *, int);
  int (*finalize)();
};

/// No call's result is looked at: MPI's default is to end all processes with its own message when one fails.
class MpiCommunicator : public Communicator {
public:
  MpiCommunicator(const Library &mpi, int rank, int size) : Communicator(rank, size), mpi(mpi) {}
  ~MpiCommunicator() override { mpi.finalize(); }

  // MPI_Allreduce may add in any order. Here every process receives all parts of its share of a block, adds them up in
  // the order of the ranks, and hands the sums out: as many bytes on the wire, and one order.
  void sum(float *values, int64_t count) override {
    constexpr int64_t blockFloats = int64_t(1) << 20;
    DenormalsAreZero guard;
    for (int64_t done = 0; done < count;) {
      const int64_t floats = std::min(blockFloats, count - done), share = (floats + size - 1) / size;
      outgoing.assign(size_t(share * size), 0.0f);
      incoming.resize(size_t(share * size));
      std::copy_n(values + done, floats, outgoing.begin());
      const int bytes = int(share * int64_t(sizeof(float)));
      mpi.alltoall(outgoing.data(), bytes, mpi.byte, incoming.data(), bytes, mpi.byte, mpi.world);
      float *total = incoming.data();
      for (int other = 1; other < size; ++other) {
        const float *part = incoming.data() + other * share;
        for (int64_t i = 0; i < share; ++i)
          total[i] += part[i];
      }
      mpi.allgather(total, bytes, mpi.byte, outgoing.data(), bytes, mpi.byte, mpi.world);
      std::copy_n(outgoing.begin(), floats, values + done);
      done += floats;
    }
  }

  void gather(const void *mine, int64_t bytes, void *all) override {
    mpi.allgather(mine, int(bytes), mpi.byte, all, int(bytes), mpi.byte, mpi.world);
  }

  void abort(int code) override {
    mpi.abort(mpi.world, code);
    std::_Exit(code);
  }

private:
  const Library mpi;
  std::vector<float> outgoing, incoming;
};

} // namespace

Launch launchOfEnvironment() {
  if (const int size = numberOf("OMPI_COMM_WORLD_SIZE", 0); size > 0)
    return {numberOf("OMPI_COMM_WORLD_RANK", 0), size, true, numberOf("OMPI_COMM_WORLD_LOCAL_RANK", 0) == 0};
  const int rank = numberOf("PMI_RANK", 0); // MPICH's, Intel's and Slurm's
  return {rank, std::max(1, numberOf("PMI_SIZE", 1)), false, rank == 0};
}

std::unique_ptr<Communicator> startMpi(const Launch &launch) {
  if (!launch.openMpi)
    throw Error("started as " + std::to_string(launch.size) +
                " processes (PMI_SIZE) by another MPI than Open MPI; use Open MPI's mpirun, or start one process");
  const char *given = std::getenv("FOVEA_MPI_LIBRARY"), *name = given ? given : "libmpi.so.40";
  const Library mpi(name);
  constexpr int funneled = 1; // Only the thread that starts MPI calls it.
  int provided = 0, rank = 0, size = 0;
  mpi.initThread(nullptr, nullptr, funneled, &provided);
  mpi.rank(mpi.world, &rank);
  mpi.size(mpi.world, &size);
  if (rank != launch.rank || size != launch.size)
    throw Error(std::string(name) + ": mpirun started " + std::to_string(launch.size) + " processes, but it sees " +
                std::to_string(size) + ": the library and mpirun belong to different installations");
  return std::make_unique<MpiCommunicator>(mpi, rank, size);
}

} // namespace fovea
