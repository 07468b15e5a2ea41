"""Long trainings: simulated rows can be learnt, and the command runs."""

import pytest

from benchmarks.accuracy import many_rows


def test_simulated_rows_come_from_the_seed_in_two_equal_classes():
    X, y = many_rows.simulate(3000, seed=1)
    again, same = many_rows.simulate(3000, seed=1)
    assert X.shape == (3000 + many_rows.N_TEST, many_rows.N_COLUMNS)
    assert (again == X).all()
    assert (same == y).all()
    assert y.mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.filterwarnings("ignore:.*training did nothing")
def test_the_command_scores_each_model(tmp_path, capsys):
    many_rows.main(["--rows", "600", "--seeds", "1", "--out", str(tmp_path)])
    shown = capsys.readouterr().out
    written = (tmp_path / "many_rows.md").read_text(encoding="utf-8")
    for name in many_rows.models(0):
        assert f"| {name} |" in written
        assert name in shown
    table = many_rows.measure([600], 1).set_index("model")
    assert (table["AUC"] > 0.6).all()
    assert (table["log-loss"] < 0.8).all()
