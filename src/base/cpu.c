/* SPDX-License-Identifier: Apache-2.0 */
/* CPU feature detection by CPUID and XGETBV. */
#include "base/cpu.h"

#include <cpuid.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

static const struct dsq_cpu_level levels[] = {
    {"ref", DSQ_CPU_NONE},
    {"avx2", DSQ_CPU_AVX2},
    {"avx512vnni", DSQ_CPU_AVX2 | DSQ_CPU_AVX512VNNI},
};
enum { N_LEVELS = sizeof levels / sizeof levels[0] };

const struct dsq_cpu_level *dsq_cpu_levels(int *n)
{
    *n = N_LEVELS;
    return levels;
}

const struct dsq_cpu_level *dsq_cpu_level_find(const char *name)
{
    for (int i = 0; i < N_LEVELS; i++)
        if (strcmp(levels[i].name, name) == 0)
            return &levels[i];
    return NULL;
}

const char *dsq_cpu_level_name(uint32_t flags)
{
    int best = 0;
    for (int i = 0; i < N_LEVELS; i++)
        if ((levels[i].flags & ~flags) == 0)
            best = i;
    return levels[best].name;
}

static uint64_t read_xcr0(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low | (uint64_t)high << 32;
}

static uint32_t ask_cpu(void)
{
    enum { OSXSAVE = 1 << 27, AVX = 1 << 28, FMA = 1 << 12 };        /* leaf 1, ecx */
    enum { AVX2 = 1 << 5, F = 1 << 16, DQ = 1 << 17, BW = 1 << 30 }; /* leaf 7, ebx */
    const uint32_t vl = 1u << 31;                                    /* leaf 7, ebx */
    enum { VNNI = 1 << 11 };                                         /* leaf 7, ecx */
    enum { YMM_STATE = 0x06, ZMM_STATE = 0xe6 };                     /* XCR0 */
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & OSXSAVE) || !(c & AVX) || !(c & FMA))
        return DSQ_CPU_NONE;
    uint64_t xcr0 = read_xcr0();
    if ((xcr0 & YMM_STATE) != YMM_STATE || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & AVX2))
        return DSQ_CPU_NONE;
    uint32_t flags = DSQ_CPU_AVX2;
    const uint32_t need = F | DQ | BW | vl;
    if ((xcr0 & ZMM_STATE) == ZMM_STATE && (b & need) == need && (c & VNNI))
        flags |= DSQ_CPU_AVX512VNNI;
    return flags;
}

/* CPUID traps to the hypervisor in a virtual machine: tens of microseconds. Threads that ask at the
 * same time find the same answer. */
uint32_t dsq_cpu_detect(void)
{
    static const uint32_t known = UINT32_C(1) << 31;
    static _Atomic uint32_t answer;
    uint32_t flags = atomic_load_explicit(&answer, memory_order_relaxed);
    if (flags & known)
        return flags & ~known;
    flags = ask_cpu();
    atomic_store_explicit(&answer, flags | known, memory_order_relaxed);
    return flags;
}
