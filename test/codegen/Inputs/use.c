#include "net-1.h"

#include <stdio.h>

int main(void) {
  fovea_network *network;
  float image[64] = {0}, output[3] = {0};
  if (fovea_create(&net_1_program, &network) || fovea_initialize(network, 1) ||
      fovea_infer(network, image, 1, output)) {
    fprintf(stderr, "%s\n", fovea_error_message(network));
    return 1;
  }
  printf("%zu inputs, %zu outputs, %zu parameters, %s output\n", fovea_input_size(network), fovea_output_size(network),
         fovea_parameter_count(network), output[0] == output[0] ? "a finite" : "no finite");
  fovea_free(network);
  return 0;
}
