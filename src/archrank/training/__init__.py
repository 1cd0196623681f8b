"""From graphs to networks that can be trained, and the images to train them on."""

from archrank.training.augmentation import Augmentation
from archrank.training.batches import Batches
from archrank.training.counting import multiply_adds, parameters
from archrank.training.images import ImageData, Images
from archrank.training.nasbench101 import NASBench101Skeleton
from archrank.training.nasbench201 import NASBench201Skeleton
from archrank.training.network import Network
from archrank.training.operations import OPERATIONS, OperationFactory
from archrank.training.skeleton import Skeleton, build, outline
from archrank.training.sources import SOURCES, load_images
from archrank.training.stacked_cells import StackedCells

__all__ = [
    "OPERATIONS",
    "SOURCES",
    "Augmentation",
    "Batches",
    "ImageData",
    "Images",
    "NASBench101Skeleton",
    "NASBench201Skeleton",
    "Network",
    "OperationFactory",
    "Skeleton",
    "StackedCells",
    "build",
    "load_images",
    "multiply_adds",
    "outline",
    "parameters",
]
