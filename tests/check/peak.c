/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The most that this machine's arithmetic instructions give, from registers only: what kernels are
 * measured against. In assembly, so that this file needs no instruction set's flags and no compiler
 * can improve on it; 12 chains of each instruction hide its latency. Only registers 0 to 15 are
 * used.
 */
#include <string.h>

#include "base/cpu.h"
#include "check.h"

#define CHAINS(X)                                                                                  \
    X("0") X("1") X("2") X("3") X("4") X("5") X("6") X("7") X("8") X("9") X("10") X("11")
#define CLOBBERS                                                                                   \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",       \
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc", "memory"
#define LOOP(zero, setup, body)                                                                    \
    __asm__ volatile(zero setup "1:\n\t" body "dec %0\n\tjnz 1b\n\tvzeroupper" : "+r"(n)::CLOBBERS)
#define ZERO(r) "vpxor %%xmm" r ", %%xmm" r ", %%xmm" r "\n\t"
#define ZERO_OTHERS ZERO("12") ZERO("13") ZERO("14") ZERO("15")

/* 12 products of 8 floats a turn */
static double fma_avx2(uint64_t n)
{
    const double ops = 12.0 * 8 * 2 * (double)n;
#define BODY(r) "vfmadd231ps %%ymm12, %%ymm13, %%ymm" r "\n\t"
    LOOP(CHAINS(ZERO), ZERO_OTHERS, CHAINS(BODY));
#undef BODY
    return ops;
}

/* 12 products of 16 floats a turn */
static double fma_avx512(uint64_t n)
{
    const double ops = 12.0 * 16 * 2 * (double)n;
#define BODY(r) "vfmadd231ps %%zmm12, %%zmm13, %%zmm" r "\n\t"
    LOOP(CHAINS(ZERO), ZERO_OTHERS, CHAINS(BODY));
#undef BODY
    return ops;
}

/* 12 vectors of 32 products a turn; temporaries from 12 on, in turn */
static double maddubs_avx2(uint64_t n)
{
    const double ops = 12.0 * 32 * 2 * (double)n;
#define BODY(r, t)                                                                                 \
    "vpmaddubsw %%ymm15, %%ymm15, %%ymm" t "\n\t"                                                  \
    "vpmaddwd %%ymm15, %%ymm" t ", %%ymm" t "\n\t"                                                 \
    "vpaddd %%ymm" t ", %%ymm" r ", %%ymm" r "\n\t"
    LOOP(CHAINS(ZERO), ZERO_OTHERS,
         BODY("0", "12") BODY("1", "13") BODY("2", "14") BODY("3", "12") BODY("4", "13")
             BODY("5", "14") BODY("6", "12") BODY("7", "13") BODY("8", "14") BODY("9", "12")
                 BODY("10", "13") BODY("11", "14"));
#undef BODY
    return ops;
}

/* 12 vectors of 64 products a turn */
static double dpbusd_avx512(uint64_t n)
{
    const double ops = 12.0 * 64 * 2 * (double)n;
#define BODY(r) "vpdpbusd %%zmm12, %%zmm13, %%zmm" r "\n\t"
    LOOP(CHAINS(ZERO), ZERO_OTHERS, CHAINS(BODY));
#undef BODY
    return ops;
}

/* memcpy of 8 KiB: bytes read and written */
static double copy(uint64_t n)
{
    static char src[8192], dst[8192];
    for (uint64_t i = 0; i < n; i++) {
        memcpy(dst, src, sizeof src);
        __asm__ volatile("" ::"r"(dst), "r"(src) : "memory");
    }
    return 2.0 * sizeof src * (double)n;
}

static const struct {
    const char *name;
    uint32_t needs;
    double (*run)(uint64_t n);
} peaks[N_PEAKS] = {
    [PEAK_NONE] = {"none", DSQ_CPU_NONE, NULL},
    [PEAK_FMA_AVX2] = {"vfmadd231ps ymm", DSQ_CPU_AVX2, fma_avx2},
    [PEAK_FMA_AVX512] = {"vfmadd231ps zmm", DSQ_CPU_AVX512VNNI, fma_avx512},
    [PEAK_MADDUBS_AVX2] = {"vpmaddubsw + vpmaddwd + vpaddd ymm", DSQ_CPU_AVX2, maddubs_avx2},
    [PEAK_DPBUSD_AVX512] = {"vpdpbusd zmm", DSQ_CPU_AVX512VNNI, dpbusd_avx512},
    [PEAK_COPY] = {"memcpy, 8 KiB", DSQ_CPU_NONE, copy},
};

const char *check_peak_name(enum check_peak which)
{
    return peaks[which].name;
}

double check_peak(enum check_peak which)
{
    static double known[N_PEAKS];
    if (!peaks[which].run || (peaks[which].needs & ~dsq_cpu_detect()))
        return 0;
    const int n_runs = known[which] > 0 ? 0 : 200; /* the best of many short ones */
    for (int i = 0; i < n_runs; i++) {
        double begin = check_now_ns();
        double ops = peaks[which].run(20000);
        double rate = ops / (check_now_ns() - begin);
        known[which] = rate > known[which] ? rate : known[which];
    }
    return known[which];
}
