"""GeneICL, pretrained for gene expression, on the blocks side by side."""

from geneicl import GeneICL

from benchmarks.peers.adapters.tables import side_by_side


def classifier(train, y, seed):
    model = GeneICL(mode="classification", device="cpu").fit(side_by_side(train), y)
    return lambda test: model.predict_proba(side_by_side(test))[:, 1]


def survival(train, y, seed):
    model = GeneICL(mode="survival", device="cpu")
    model.fit(side_by_side(train), y["time"], event=y["event"])

    def predict(test, times):
        table = side_by_side(test)
        return model.predict(table), model.predict_survival_function(table, times)

    return predict
