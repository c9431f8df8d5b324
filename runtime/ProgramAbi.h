/* The contract between a compiled network and the runtime it is linked with. */
#ifndef FOVEA_RUNTIME_PROGRAM_ABI_H
#define FOVEA_RUNTIME_PROGRAM_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FOVEA_PROGRAM_ABI 4

/* What each pointer handed to a compiled function means. All are aligned to 64 bytes (on a device, 512) and cover the
   function's whole batch. Gradients are overwritten, not added to. */
enum fovea_slot {
  FOVEA_SLOT_ARENA = 0,      /* scratch; arena_bytes of the function */
  FOVEA_SLOT_PARAMETERS = 1, /* packed parameters, constants and what is derived from them; parameter_floats floats */
  FOVEA_SLOT_GRADIENTS = 2,  /* same layout as the parameters, without what is derived: gradient_floats floats */
  FOVEA_SLOT_MOMENTUM = 3,   /* same layout as the gradients */
  FOVEA_SLOT_INPUT = 4,      /* float32 [N, C, H, W] */
  FOVEA_SLOT_LABELS = 5,     /* int32 [N] */
  FOVEA_SLOT_OUTPUT = 6,     /* float32 [N, ...], the network's output */
  FOVEA_SLOT_LOSS = 7,       /* float32 [N], each image's loss */
  FOVEA_SLOT_SCALARS = 8,    /* float32 [8], see fovea_scalar */
  FOVEA_SLOT_PROFILE = 9,    /* null, or handed to fovea_profile after each kernel */
  FOVEA_SLOT_COUNT = 10
};

enum fovea_scalar {
  FOVEA_SCALAR_LR = 0,
  FOVEA_SCALAR_MOMENTUM = 1,
  FOVEA_SCALAR_WEIGHT_DECAY = 2,
  FOVEA_SCALAR_LOSS_SCALE = 3,   /* 1 / (images over which the gradient is averaged) */
  FOVEA_SCALAR_VALID_IMAGES = 4, /* images of this batch that count; the rest is padding */
  FOVEA_SCALAR_TRAINING = 5,     /* 0: dropout drops nothing; else 1 + the place of the first image in its update's batch */
  FOVEA_SCALAR_SEED = 6,         /* 24 bits of the run's seed, as a number */
  FOVEA_SCALAR_CALL = 7,         /* number of the update in the run, modulo 2^24 */
  FOVEA_SCALAR_COUNT = 8
};

/* A compiled function: returns 0, or a non-zero code when a kernel failed. */
typedef int (*fovea_function)(void *const *slots);

/* Exported by the generated object as `<symbol>_program`; an executable's is `fovea_main_program`. One for each target
   that was compiled for, in a chain: only the first that the CPU can run is used. */
typedef struct fovea_program fovea_program;
struct fovea_program {
  const char *metadata; /* JSON; runtime/README.md describes it */
  uint64_t metadata_bytes;
  const fovea_function *functions;
  uint32_t function_count;
  uint32_t abi;              /* FOVEA_PROGRAM_ABI */
  const char *target;        /* "x86-64-v4" */
  const char *needs;         /* what the kernels take for granted: CPU features with spaces between */
  const fovea_program *next; /* the same network for a lower target; null at the end */
  const void *backend;       /* null: the slots are addresses of the host. Else what opens a device (runtime/device/Device.h)
                                whose addresses they are, all but the profile */
};

/* Called by a compiled function after each kernel when its profile slot is not null. */
void fovea_profile(void *profile, int kernel);

#ifdef __cplusplus
}
#endif

#endif
