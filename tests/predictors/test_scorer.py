import numpy as np
import torch

from archrank.encoders import GATES, collate
from archrank.predictors.scorer import ComparingScorer, HeadScorer
from archrank.ranking import PairwiseComparator, PairwiseHinge
from archrank.spaces import NASBench201

SPACE = NASBench201()


def made(members, hidden=(7, 5), width=6):
    graphs = [SPACE.graph(a) for a in SPACE.sample(12, np.random.default_rng(0))]
    batch = collate([*graphs, *graphs[:3]], SPACE.operations)
    generator = torch.Generator().manual_seed(0)
    encoder = GATES(layers=3, width=width).build(batch, members, generator)
    scorer = HeadScorer(encoder, members, hidden, 0.1, PairwiseHinge())
    scorer.reset_head(generator)
    return scorer, scorer.prepare(batch)


def test_the_head_is_linear_layers_with_relu_between_member_by_member():
    scorer, prepared = made(3)
    embeddings = scorer.encoder(prepared.encoded).index_select(1, prepared.distinct)
    scores = scorer(prepared)
    assert scores.shape == (3, 15)
    for member in range(3):
        values = embeddings[member]
        for place, layer in enumerate(scorer.head):
            values = torch.relu(values) if place else values
            values = values @ layer.weight[member] + layer.bias[member]
        torch.testing.assert_close(scores[member], values[:, 0])


def test_a_head_without_hidden_layers_is_one_linear_layer():
    scorer, prepared = made(2, hidden=())
    assert len(scorer.head) == 1
    assert scorer(prepared).shape == (2, 15)


def test_dropout_leaves_out_units_of_single_architectures():
    """Factors of one change nothing; a factor of zero on all of an architecture's units leaves the last bias."""
    scorer, prepared = made(2)
    ones = [torch.ones(2, 15, width) for width in (7, 5)]
    torch.testing.assert_close(scorer(prepared, ones), scorer(prepared))
    ones[1][:, 4] = 0
    scores = scorer(prepared, ones)
    torch.testing.assert_close(scores[:, 4], scorer.head[-1].bias[:, 0, 0])
    others = [i for i in range(15) if i != 4]
    torch.testing.assert_close(scores[:, others], scorer(prepared)[:, others])


def test_equal_architectures_are_scored_equal_to_the_bit():
    scorer, prepared = made(2)
    scores = scorer(prepared)
    assert torch.equal(scores[:, :3], scores[:, 12:])


def comparing(members=2, references=4):
    graphs = [SPACE.graph(a) for a in SPACE.sample(12, np.random.default_rng(0))]
    batch = collate(graphs, SPACE.operations)
    generator = torch.Generator().manual_seed(0)
    encoder = GATES(layers=3, width=6).build(batch, members, generator)
    scorer = ComparingScorer(encoder, members, 0.0, PairwiseComparator(width=5, references=references))
    scorer.reset_head(generator)
    return scorer, batch


def test_references_are_spread_over_the_ranks_of_the_training_set():
    scorer, batch = comparing()
    targets = torch.tensor([5, 3, 8, 0, 1, 2, 11, 10, 9, 4, 6, 7.0])
    scorer.settle(batch, None, targets)
    prepared = scorer.prepare(batch)
    embeddings = scorer.encoder(prepared.encoded).index_select(1, prepared.distinct)
    wanted = [targets.tolist().index(rank) for rank in (0, 4, 7, 11)]
    torch.testing.assert_close(scorer.references, embeddings[:, wanted].detach())


def test_few_training_architectures_stand_in_for_many_references():
    scorer, batch = comparing(references=30)
    scorer.settle(batch, None, torch.arange(12.0))
    assert scorer.references.shape == (2, 30, 6)
    own = scorer.encoder(scorer.encoder.prepare(batch)).detach()
    torch.testing.assert_close(scorer.references[0].unique(dim=0), own[0].unique(dim=0))


def test_a_comparator_scores_an_architecture_alike_whatever_else_is_scored():
    scorer, batch = comparing()
    scorer.settle(batch, None, torch.arange(12.0))
    scores = scorer(scorer.prepare(batch))
    indices = np.array([7, 2])
    torch.testing.assert_close(scorer(scorer.prepare(batch, indices=indices)), scores[:, indices])


def test_features_join_the_embedding_of_their_architecture():
    graphs = [SPACE.graph(a) for a in SPACE.sample(5, np.random.default_rng(0))]
    batch = collate(graphs, SPACE.operations)
    features = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    encoder = GATES(layers=2, width=6).build(batch, 2, torch.Generator().manual_seed(0))
    scorer = HeadScorer(encoder, 2, (), 0.0, PairwiseHinge(), features=3)
    scorer.reset_head(torch.Generator().manual_seed(0))
    indices = np.array([3, 1, 1])
    ready = scorer.prepare(batch, features, indices)
    read = scorer.embed(ready)
    assert read.shape == (2, 3, 9)
    torch.testing.assert_close(read[:, :, 6:], torch.from_numpy(features[indices]).expand(2, -1, -1))
    torch.testing.assert_close(scorer(ready), (read @ scorer.head[0].weight + scorer.head[0].bias)[:, :, 0])
    torch.testing.assert_close(scorer(ready), scorer(scorer.prepare(batch, features))[:, indices])
