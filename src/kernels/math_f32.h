/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transcendental functions as one fixed sequence of fmaf: the same bits on every machine.
 *
 * dsq_exp_f32: within 1 ulp of exp over the float range; 0 below -103.9, inf above 88.7.
 * dsq_sigmoid_f32: 1 / (1 + exp(-x)), within 2.5 ulp above -88, where it becomes 0.
 */
#ifndef DSQ_KERNELS_MATH_F32_H
#define DSQ_KERNELS_MATH_F32_H

float dsq_exp_f32(float x);
float dsq_sigmoid_f32(float x);

#endif
