/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in tasks, as the JSON that a user would write. Each says every field.
 *
 * Facts from the projects they are named after: open-mmlab/mmdetection
 * configs/_base_/models/retinanet_r50_fpn.py, AnchorGenerator and DeltaXYWHBBoxCoder;
 * pytorch/vision torchvision/models/detection/retinanet.py, anchor_utils.py and transform.py;
 * NVIDIA/retinanet-examples odtk/data.py, model.py and box.py (0.2.1 and later);
 * RangiLyu/nanodet config/nanodet-g.yml and nanodet/model/head/nanodet_head.py;
 * Megvii-BaseDetection/YOLOX yolox/data/data_augment.py and models/yolo_head.py;
 * biubug6/Pytorch_Retinaface data/config.py, layers/functions/prior_box.py, utils/box_utils.py.
 * Classes are COCO's; torchvision's labels are COCO's category ids, so label 0 and ten others are
 * unused.
 */
#include <dsq/dsq.h>
#include <string.h>

#include "detect/task.h"

/* clang-format off */
#define COCO_80 \
    "\"person\",\"bicycle\",\"car\",\"motorcycle\",\"airplane\",\"bus\",\"train\",\"truck\"," \
    "\"boat\",\"traffic light\",\"fire hydrant\",\"stop sign\",\"parking meter\",\"bench\"," \
    "\"bird\",\"cat\",\"dog\",\"horse\",\"sheep\",\"cow\",\"elephant\",\"bear\",\"zebra\"," \
    "\"giraffe\",\"backpack\",\"umbrella\",\"handbag\",\"tie\",\"suitcase\",\"frisbee\"," \
    "\"skis\",\"snowboard\",\"sports ball\",\"kite\",\"baseball bat\",\"baseball glove\"," \
    "\"skateboard\",\"surfboard\",\"tennis racket\",\"bottle\",\"wine glass\",\"cup\",\"fork\"," \
    "\"knife\",\"spoon\",\"bowl\",\"banana\",\"apple\",\"sandwich\",\"orange\",\"broccoli\"," \
    "\"carrot\",\"hot dog\",\"pizza\",\"donut\",\"cake\",\"chair\",\"couch\",\"potted plant\"," \
    "\"bed\",\"dining table\",\"toilet\",\"tv\",\"laptop\",\"mouse\",\"remote\",\"keyboard\"," \
    "\"cell phone\",\"microwave\",\"oven\",\"toaster\",\"sink\",\"refrigerator\",\"book\"," \
    "\"clock\",\"vase\",\"scissors\",\"teddy bear\",\"hair drier\",\"toothbrush\""

#define COCO_91 \
    "\"\",\"person\",\"bicycle\",\"car\",\"motorcycle\",\"airplane\",\"bus\",\"train\"," \
    "\"truck\",\"boat\",\"traffic light\",\"fire hydrant\",\"\",\"stop sign\"," \
    "\"parking meter\",\"bench\",\"bird\",\"cat\",\"dog\",\"horse\",\"sheep\",\"cow\"," \
    "\"elephant\",\"bear\",\"zebra\",\"giraffe\",\"\",\"backpack\",\"umbrella\",\"\",\"\"," \
    "\"handbag\",\"tie\",\"suitcase\",\"frisbee\",\"skis\",\"snowboard\",\"sports ball\"," \
    "\"kite\",\"baseball bat\",\"baseball glove\",\"skateboard\",\"surfboard\"," \
    "\"tennis racket\",\"bottle\",\"\",\"wine glass\",\"cup\",\"fork\",\"knife\",\"spoon\"," \
    "\"bowl\",\"banana\",\"apple\",\"sandwich\",\"orange\",\"broccoli\",\"carrot\",\"hot dog\"," \
    "\"pizza\",\"donut\",\"cake\",\"chair\",\"couch\",\"potted plant\",\"bed\",\"\"," \
    "\"dining table\",\"\",\"\",\"toilet\",\"\",\"tv\",\"laptop\",\"mouse\",\"remote\"," \
    "\"keyboard\",\"cell phone\",\"microwave\",\"oven\",\"toaster\",\"sink\",\"refrigerator\"," \
    "\"\",\"book\",\"clock\",\"vase\",\"scissors\",\"teddy bear\",\"hair drier\",\"toothbrush\""

#define SCORES_AND_NMS \
    "\"classes_per_box\":\"all\",\"score_threshold\":0.05,\"candidates_per_level\":1000," \
    "\"candidates_per_picture\":0,\"nms_threshold\":0.5,\"max_detections\":100,"

static const char retinanet_mmdet[] =
    "{\"name\":\"retinanet-mmdet\",\"color\":\"rgb\",\"mean\":[123.675,116.28,103.53],"
    "\"std\":[58.395,57.12,57.375],\"resize\":\"short:800,1333\",\"filter\":\"opencv-linear\","
    "\"size_rounding\":\"half-up\",\"pad\":32,\"pad_value\":0,\"pad_before_normalization\":false,"
    "\"way_back\":\"per-axis\",\"clip\":\"picture\","
    "\"family\":\"retinanet\",\"score_outputs\":[],\"box_outputs\":[],"
    "\"score_activation\":\"sigmoid\",\"background\":\"none\","
    "\"stride_rule\":\"fixed\",\"strides\":[8,16,32,64,128],"
    "\"anchor_base_sizes\":[8,16,32,64,128],"
    "\"anchor_scales\":[4,5.0396841995794928,6.3496042078727974],"
    "\"anchor_ratios\":[0.5,1,2],\"anchor_order\":\"ratio-major\",\"anchor_center_offset\":0,"
    "\"anchor_rounding\":\"none\",\"anchor_extent\":\"exclusive\",\"box_extent\":\"exclusive\","
    "\"box_means\":[0,0,0,0],\"box_stds\":[1,1,1,1],"
    "\"box_clamp\":\"both\",\"box_clamp_ratio\":0.016,"
    SCORES_AND_NMS
    "\"classes\":[" COCO_80 "]}";

static const char retinanet_torchvision[] =
    "{\"name\":\"retinanet-torchvision\",\"color\":\"rgb\",\"mean\":[123.675,116.28,103.53],"
    "\"std\":[58.395,57.12,57.375],\"resize\":\"short:800,1333\",\"filter\":\"opencv-linear\","
    "\"size_rounding\":\"floor\",\"pad\":32,\"pad_value\":0,\"pad_before_normalization\":false,"
    "\"way_back\":\"per-axis\",\"clip\":\"picture\","
    "\"family\":\"retinanet\",\"score_outputs\":[],\"box_outputs\":[],"
    "\"score_activation\":\"sigmoid\",\"background\":\"none\","
    "\"stride_rule\":\"grid\",\"strides\":[8,16,32,64,128],"
    "\"anchor_base_sizes\":[32,64,128,256,512],"
    "\"anchor_scales\":[1,1.2599210498948732,1.5874010519681994],"
    "\"anchor_ratios\":[0.5,1,2],\"anchor_order\":\"ratio-major\",\"anchor_center_offset\":0,"
    "\"anchor_rounding\":\"corners\",\"anchor_extent\":\"exclusive\",\"box_extent\":\"exclusive\","
    "\"box_means\":[0,0,0,0],\"box_stds\":[1,1,1,1],"
    "\"box_clamp\":\"above\",\"box_clamp_ratio\":0.016,"
    SCORES_AND_NMS
    "\"classes\":[" COCO_91 "]}";

static const char retinanet_odtk[] =
    "{\"name\":\"retinanet-odtk\",\"color\":\"rgb\",\"mean\":[123.675,116.28,103.53],"
    "\"std\":[58.395,57.12,57.375],\"resize\":\"short:800,1333\",\"filter\":\"pil-antialias\","
    "\"size_rounding\":\"floor\",\"pad\":128,\"pad_value\":0,\"pad_before_normalization\":false,"
    "\"way_back\":\"one-ratio\",\"clip\":\"picture\","
    "\"family\":\"retinanet\",\"score_outputs\":[],\"box_outputs\":[],"
    "\"score_activation\":\"none\",\"background\":\"none\","
    "\"stride_rule\":\"grid\",\"strides\":[8,16,32,64,128],"
    "\"anchor_base_sizes\":[8,16,32,64,128],"
    "\"anchor_scales\":[4,5.0396841995794928,6.3496042078727974],"
    "\"anchor_ratios\":[1,2,0.5],\"anchor_order\":\"scale-major\",\"anchor_center_offset\":0.5,"
    "\"anchor_rounding\":\"none\",\"anchor_extent\":\"exclusive\",\"box_extent\":\"inclusive\","
    "\"box_means\":[0,0,0,0],\"box_stds\":[1,1,1,1],"
    "\"box_clamp\":\"none\",\"box_clamp_ratio\":0.016,"
    SCORES_AND_NMS
    "\"classes\":[" COCO_80 "]}";

#define LOW_SCORES(nms) \
    "\"classes_per_box\":\"all\",\"score_threshold\":0.01,\"candidates_per_level\":1000," \
    "\"candidates_per_picture\":1000,\"nms_threshold\":" nms ",\"max_detections\":100,"

static const char nanodet[] =
    "{\"name\":\"nanodet\",\"color\":\"bgr\",\"mean\":[103.53,116.28,123.675],"
    "\"std\":[57.375,57.12,58.395],\"resize\":\"stretch:416x416\",\"filter\":\"opencv-linear\","
    "\"size_rounding\":\"floor\",\"pad\":32,\"pad_value\":0,\"pad_before_normalization\":false,"
    "\"way_back\":\"per-axis\",\"clip\":\"picture\","
    "\"family\":\"nanodet\",\"score_outputs\":[\"cls0\",\"cls1\",\"cls2\"],"
    "\"box_outputs\":[\"reg0\",\"reg1\",\"reg2\"],\"outputs\":[],"
    "\"score_activation\":\"none\",\"strides\":[8,16,32],\"anchor_center_offset\":0.5,"
    "\"distance_bins\":11,"
    LOW_SCORES("0.6")
    "\"classes\":[" COCO_80 "]}";

static const char yolox[] =
    "{\"name\":\"yolox\",\"color\":\"bgr\",\"mean\":[0,0,0],"
    "\"std\":[1,1,1],\"resize\":\"fit:416x416\",\"filter\":\"opencv-linear\","
    "\"size_rounding\":\"floor\",\"pad\":32,\"pad_value\":114,\"pad_before_normalization\":true,"
    "\"way_back\":\"one-ratio\",\"clip\":\"picture\","
    "\"family\":\"yolox\",\"outputs\":[],"
    "\"score_activation\":\"none\",\"strides\":[8,16,32],"
    LOW_SCORES("0.65")
    "\"classes\":[" COCO_80 "]}";

static const char retinaface[] =
    "{\"name\":\"retinaface\",\"color\":\"bgr\",\"mean\":[104,117,123],"
    "\"std\":[1,1,1],\"resize\":\"none\",\"filter\":\"opencv-linear\","
    "\"size_rounding\":\"floor\",\"pad\":1,\"pad_value\":0,\"pad_before_normalization\":false,"
    "\"way_back\":\"per-axis\",\"clip\":\"picture\","
    "\"family\":\"retinanet\",\"score_outputs\":[\"cls0\",\"cls1\",\"cls2\"],"
    "\"box_outputs\":[\"box0\",\"box1\",\"box2\"],"
    "\"score_activation\":\"softmax\",\"background\":\"first\","
    "\"stride_rule\":\"fixed\",\"strides\":[8,16,32],"
    "\"anchor_base_sizes\":[10,32,128],\"anchor_scales\":[1,2],\"anchor_ratios\":[1],"
    "\"anchor_order\":\"ratio-major\",\"anchor_center_offset\":0.5,"
    "\"anchor_rounding\":\"none\",\"anchor_extent\":\"exclusive\",\"box_extent\":\"exclusive\","
    "\"box_means\":[0,0,0,0],\"box_stds\":[0.1,0.1,0.2,0.2],"
    "\"box_clamp\":\"none\",\"box_clamp_ratio\":0.016,"
    LOW_SCORES("0.6")
    "\"classes\":[\"face\"]}";

static const char raw[] =
    "{\"name\":\"raw\",\"color\":\"rgb\",\"mean\":[0,0,0],\"std\":[1,1,1],"
    "\"resize\":\"none\",\"filter\":\"opencv-linear\",\"size_rounding\":\"floor\",\"pad\":1,"
    "\"pad_value\":0,\"pad_before_normalization\":false,\"family\":\"raw\"}";
/* clang-format on */

static const struct {
    const char *name, *json;
} presets[] = {
    {"retinanet-mmdet", retinanet_mmdet},
    {"retinanet-torchvision", retinanet_torchvision},
    {"retinanet-odtk", retinanet_odtk},
    {"nanodet", nanodet},
    {"yolox", yolox},
    {"retinaface", retinaface},
    {"raw", raw},
};

#define N_PRESETS ((int32_t)(sizeof presets / sizeof presets[0]))

const char *dsq_task_preset(int32_t i)
{
    return i >= 0 && i < N_PRESETS ? presets[i].name : NULL;
}

const char *dsq_task_preset_json(const char *name)
{
    for (int32_t i = 0; i < N_PRESETS; i++)
        if (strcmp(presets[i].name, name) == 0)
            return presets[i].json;
    return NULL;
}
