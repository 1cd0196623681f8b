"""From graphs to networks, the images to train them on, and the training."""

from archrank.extras import extra_named

with extra_named("archrank.training", "training"):
    from archrank.training.accuracy import Accuracy, accuracy
    from archrank.training.augmentation import Augmentation
    from archrank.training.batches import Batches
    from archrank.training.choosing import image_shape, skeleton_for
    from archrank.training.counting import multiply_adds, parameters
    from archrank.training.curve import Epoch, read_curve
    from archrank.training.devices import device_named, weights_generator
    from archrank.training.evaluator import TrainingEvaluator
    from archrank.training.images import ImageData, Images
    from archrank.training.model import Model
    from archrank.training.nasbench101 import NASBench101Skeleton
    from archrank.training.nasbench201 import NASBench201Skeleton
    from archrank.training.network import Network
    from archrank.training.onnx_file import onnx_bytes
    from archrank.training.operations import OPERATIONS, OperationFactory
    from archrank.training.pruning import PRUNERS, Pruning
    from archrank.training.recipe import Recipe
    from archrank.training.recipes import RECIPES, recipe_named
    from archrank.training.setup import TrainingSetup, training_evaluator
    from archrank.training.skeleton import Skeleton, build, outline
    from archrank.training.sources import SOURCES, load_images
    from archrank.training.stacked_cells import StackedCells
    from archrank.training.train import Trained, train

__all__ = [
    "OPERATIONS",
    "PRUNERS",
    "RECIPES",
    "SOURCES",
    "Accuracy",
    "Augmentation",
    "Batches",
    "Epoch",
    "ImageData",
    "Images",
    "Model",
    "NASBench101Skeleton",
    "NASBench201Skeleton",
    "Network",
    "OperationFactory",
    "Pruning",
    "Recipe",
    "Skeleton",
    "StackedCells",
    "Trained",
    "TrainingEvaluator",
    "TrainingSetup",
    "accuracy",
    "build",
    "device_named",
    "image_shape",
    "load_images",
    "multiply_adds",
    "onnx_bytes",
    "outline",
    "parameters",
    "read_curve",
    "recipe_named",
    "skeleton_for",
    "train",
    "training_evaluator",
    "weights_generator",
]
