/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transcendental functions as one fixed sequence of fmaf: the same bits on every machine.
 *
 *   exp       within 1 ulp over the float range; 0 below -103.9, inf above 88.7
 *   expm1     exp(x) - 1 for x <= 0 only; 1 ulp
 *   log       1 ulp; NaN below 0
 *   sigmoid   1 / (1 + exp(-x)); 2.5 ulp above -88, where it becomes 0
 *   tanh      2.6 ulp
 *   softplus  log(1 + exp(x)); 2 ulp
 *   mish      x tanh(softplus(x)); 4 ulp above -80, 1e-36 below
 *   erf       1.05 ulp
 *   pow       0.51 ulp, and everything as C has it at the ends (1 for y == 0, NaN for negative x
 *             and broken y, ...)
 */
#ifndef DSQ_KERNELS_MATH_F32_H
#define DSQ_KERNELS_MATH_F32_H

float dsq_exp_f32(float x);
float dsq_expm1_f32(float x);
float dsq_log_f32(float x);
float dsq_sigmoid_f32(float x);
float dsq_tanh_f32(float x);
float dsq_softplus_f32(float x);
float dsq_mish_f32(float x);
float dsq_erf_f32(float x);
float dsq_pow_f32(float x, float y);

#endif
