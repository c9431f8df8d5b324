/* What a user of a library made by `fovea compile --emit=lib` does: loads, infers, trains a step, saves, and makes
 * mistakes. library WEIGHTS IMAGES LABELS COUNT FOLDER, where IMAGES holds float32 and LABELS int32, without headers. */
#include "lenet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *contents(const char *path, size_t size) {
  FILE *file = fopen(path, "rb");
  void *bytes = malloc(size);
  if (!file || !bytes || fread(bytes, 1, size, file) != size)
    exit(2);
  fclose(file);
  return bytes;
}

static void keep(const char *folder, const char *name, const float *values, size_t count) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(values, sizeof(float), count, file) != count || fclose(file))
    exit(2);
}

int main(int argc, char **argv) {
  if (argc != 6)
    return 2;
  size_t count = (size_t)atol(argv[4]);
  const char *folder = argv[5];
  char path[4096];
  fovea_network *network;
  if (fovea_create(&lenet_program, &network)) {
    fprintf(stderr, "%s\n", fovea_error_message(NULL));
    return 1;
  }
  size_t inputs = fovea_input_size(network), outputs = fovea_output_size(network);
  float *images = contents(argv[2], count * inputs * sizeof(float));
  int32_t *labels = contents(argv[3], count * sizeof(int32_t));
  float *scores = calloc(count * outputs, sizeof(float)), loss;

  /* Mistakes are told, and change nothing. */
  if (fovea_load(network, "/no/such/file") == FOVEA_OK)
    return 3;
  printf("%s\n", fovea_error_message(network));
  if (fovea_set_parameter(network, "conv9.weight", scores, 1) != FOVEA_ERROR_ARGUMENT)
    return 3;
  printf("%s\n", fovea_error_message(network));

  snprintf(path, sizeof path, "%s/after.safetensors", folder);
  if (fovea_load(network, argv[1]) || fovea_infer(network, images, count, scores))
    goto failed;
  int32_t kept = labels[0];
  labels[0] = 10;
  if (fovea_train_step(network, images, labels, count, 0.1f, 0, 0, &loss) != FOVEA_ERROR_ARGUMENT)
    return 3;
  printf("%s\n", fovea_error_message(network));
  labels[0] = kept;
  if (fovea_train_step(network, images, labels, count, 0.125f, 0.5f, 0.25f, &loss))
    goto failed;
  keep(folder, "scores", scores, count * outputs);
  for (size_t i = 0; i < fovea_parameter_count(network); ++i) {
    const char *name;
    size_t rank, elements = 1;
    int64_t shape[6];
    if (fovea_parameter_info(network, i, &name, &rank, shape))
      goto failed;
    for (size_t axis = 0; axis < rank; ++axis)
      elements *= (size_t)shape[axis];
    float *values = malloc(elements * sizeof(float));
    if (fovea_get_gradient(network, name, values, elements))
      goto failed;
    keep(folder, name, values, elements);
    free(values);
  }
  if (fovea_save(network, path))
    goto failed;
  printf("loss %.9g\n", loss);
  fovea_free(network);
  free(images), free(labels), free(scores);
  return 0;

failed:
  fprintf(stderr, "%s\n", fovea_error_message(network));
  return 1;
}
