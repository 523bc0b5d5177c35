"""Where the measures of a run go besides ``metrics.csv``: TensorBoard, Weights & Biases, MLflow."""
