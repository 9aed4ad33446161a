# SPDX-License-Identifier: Apache-2.0
list(APPEND DSQ_SOURCES
  src/calib/calibrate.c
  src/calib/classes.c
  src/calib/evaluate.c
  src/calib/feed.c
  src/calib/folder.c
  src/calib/judge.c
  src/calib/judgement.c
  src/calib/noise.c
  src/calib/observer.c
  src/calib/sensitivity.c
  src/calib/session.c)
