#include "histogram.h"

double quantile_us(const struct histogram* histogram, double quantile) {
  uint64_t left = (uint64_t)(quantile * (double)histogram->total);
  int index = 0;
  while (histogram->counts[index] <= left && left < histogram->total) left -= histogram->counts[index++];
  int shift = index / STEPS > 1 ? index / STEPS - 1 : 0;
  return ((double)(index - shift * STEPS) + 0.5) * (double)(1ull << shift) / 1000;
}
