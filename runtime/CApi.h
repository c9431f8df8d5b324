/* The C interface of a compiled network, for programs that link the library made by `fovea compile --emit=lib`.
 *
 *   #include "lenet.h"                       // declares lenet_program and includes this file
 *
 *   fovea_network *net;
 *   if (fovea_create(&lenet_program, &net) || fovea_load(net, "lenet.safetensors") ||
 *       fovea_infer(net, images, count, scores)) {
 *     fprintf(stderr, "%s\n", fovea_error_message(net));
 *     ...
 *   }
 *   fovea_free(net);
 *
 * Every function that can fail returns FOVEA_OK (0) or another fovea_status, and leaves a one-line message in the
 * handle. A failed call changes nothing, except that a failed step or inference may have written part of its results.
 * A handle is for one thread at a time; two handles may be used at once, and share the process's worker threads.
 */
#ifndef FOVEA_RUNTIME_CAPI_H
#define FOVEA_RUNTIME_CAPI_H

#include "runtime/ProgramAbi.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fovea_network fovea_network;

typedef enum fovea_status {
  FOVEA_OK = 0,
  FOVEA_ERROR_ARGUMENT = 1, /* a null pointer, an unknown name, a wrong size, a label out of range */
  FOVEA_ERROR_FAILED = 2,   /* the message says what: a file, a tensor, a program compiled for inference only */
  FOVEA_ERROR_MEMORY = 3    /* no memory left */
} fovea_status;

/* Makes a network with its memory; parameters are zero until they are loaded, set or initialized. On failure *network
   is null and fovea_error_message(NULL) tells why. */
fovea_status fovea_create(const fovea_program *program, fovea_network **network);

/* Releases the network; null is allowed. */
void fovea_free(fovea_network *network);

/* The message of the latest failure of this handle (with null: of this thread's latest fovea_create), or "". Valid
   until the next call with the handle. */
const char *fovea_error_message(const fovea_network *network);

/* Threads of a parallel loop, the calling one included, for all networks of the process; at least 1. The default is the
   number of cores. Not while another thread computes. */
fovea_status fovea_set_threads(int threads);

/* Floats of one image and of one output. Images are float32 [C, H, W], prepared as in training (see the recipe). */
size_t fovea_input_size(const fovea_network *network);
size_t fovea_output_size(const fovea_network *network);

/* The parameters that files hold, trainable or running averages: their number, and the name, number of dimensions and extents (up to 6) of one. The name
   lives as long as the network; any result pointer may be null. */
size_t fovea_parameter_count(const fovea_network *network);
fovea_status fovea_parameter_info(fovea_network *network, size_t index, const char **name, size_t *rank,
                                  int64_t shape[6]);

/* Draws every parameter from `seed` as the model file says, and zeroes the momentum. */
fovea_status fovea_initialize(fovea_network *network, uint64_t seed);

/* Reads all parameters from a safetensors file, or from its bytes in memory. */
fovea_status fovea_load(fovea_network *network, const char *path);
fovea_status fovea_load_memory(fovea_network *network, const void *bytes, size_t size);

/* Writes all parameters as a safetensors file, whole or not at all. */
fovea_status fovea_save(fovea_network *network, const char *path);

/* Copies one parameter, or its gradient after fovea_train_step, in row-major order of its shape; `count` is its number
   of elements. */
fovea_status fovea_get_parameter(fovea_network *network, const char *name, float *values, size_t count);
fovea_status fovea_set_parameter(fovea_network *network, const char *name, const float *values, size_t count);
fovea_status fovea_get_gradient(fovea_network *network, const char *name, float *values, size_t count);

/* images: float32 [count, C, H, W]; outputs: float32 [count, fovea_output_size]. Any count. The first call after
   parameters were loaded, set, drawn or trained takes longer: what follows from them alone is computed then. */
fovea_status fovea_infer(fovea_network *network, const float *images, size_t count, float *outputs);

/* One step of SGD with momentum, dropout on, on the mean loss of `count` images: gradients, then the update. labels: int32 [count].
   Stores the mean loss before the update in *loss when it is not null. When the loss is not finite the parameters stay
   as they were and the call fails. */
fovea_status fovea_train_step(fovea_network *network, const float *images, const int32_t *labels, size_t count,
                              float learning_rate, float momentum, float weight_decay, float *loss);

#ifdef __cplusplus
}
#endif

#endif
