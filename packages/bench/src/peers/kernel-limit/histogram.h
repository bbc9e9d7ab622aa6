/* The histogram of load/histogram.ts: 64 buckets for each doubling, so that any value is known to 1.6 %. */
#pragma once

#include <stdint.h>

enum { STEP_BITS = 6, STEPS = 1 << STEP_BITS };

struct histogram {
  uint64_t total;
  uint64_t counts[STEPS * (65 - STEP_BITS)];
};

static inline void record(struct histogram* histogram, uint64_t ns) {
  int bits = 64 - __builtin_clzll(ns | 1);
  int shift = bits > STEP_BITS + 1 ? bits - STEP_BITS - 1 : 0;
  histogram->counts[(uint64_t)shift * STEPS + (ns >> shift)]++;
  histogram->total++;
}

double quantile_us(const struct histogram* histogram, double quantile);
