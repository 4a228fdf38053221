"""What the published study has, as a fixed list: 28 metrics in its order, 8 methods, its predictors and baselines.

The library may have more. A test that counts what there is asks the library; that the study's are there is one test a list.
"""

CATEGORIES = {
    "task_vector": ("task_vector_cosine_similarity", "task_vector_l2_distance", "task_vector_dot_product",
                    "weight_space_angle", "task_vector_magnitude_ratio"),
    "effective_rank": ("effective_rank", "effective_rank_mergeability_score", "stable_rank", "spectral_gap",
                       "singular_value_ratio", "layerwise_effective_rank",
                       "layerwise_effective_rank_mergeability_score"),
    "subspace": ("singular_value_overlap", "subspace_overlap", "right_subspace_overlap_top_k",
                 "right_subspace_overlap_bottom_k", "interaction_matrix_overlap_top_k",
                 "interaction_matrix_overlap_bottom_k"),
    "activation": ("activation_l2_distance", "activation_cosine_similarity", "activation_magnitude_ratio",
                   "activation_dot_product"),
    "gradient": ("encoder_gradient_cosine_similarity", "encoder_gradient_l2_distance", "encoder_gradient_dot_product",
                 "input_gradient_cosine_similarity", "input_gradient_l2_distance", "input_gradient_dot_product"),
}  # fmt: skip
METRICS = {name: category for category, names in CATEGORIES.items() for name in names}
OF_WEIGHTS = [name for name, category in METRICS.items() if category not in ("activation", "gradient")]
METHODS = ("weight_avg", "task_arithmetic", "ties", "dare", "tsv", "tall_masks", "iso_c", "iso_cts")
PREDICTORS = ("elastic_net", "extra_trees", "gaussian_process", "gradient_boosting", "kernel_ridge", "l1_pearson", "lasso",
              "mlp", "mse", "pearson", "ridge")  # fmt: skip
BASELINES = ("best_metric", "single_task", "task_effects", "train_mean")
