# SPDX-License-Identifier: Apache-2.0
list(APPEND DSQ_SOURCES
     src/pass/run.c
     src/pass/match.c
     src/pass/conv_affine.c
     src/pass/fold_elements.c src/pass/fold_eval.c
     src/pass/fold_constants.c
     src/pass/remove_noops.c
     src/pass/fuse_clamps.c
     src/pass/name_pools.c
     src/pass/fuse_patterns.c
     src/pass/lift_rows.c
     src/pass/fuse_batchnorm.c
     src/pass/fuse_focus.c
     src/pass/fuse_bias.c
     src/pass/fuse_residual.c
     src/pass/fuse_activation.c
     src/pass/quantize_int8.c
     src/pass/quantize_weights.c
     src/pass/gather_segments.c
     src/pass/assign_layout.c
     src/pass/remove_dead.c)
