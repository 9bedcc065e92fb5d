"""The papers the rules come from, once each, with their BibTeX."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from ntksym.errors import RuleError


@dataclass(frozen=True)
class Source:
    """One publication."""

    key: str
    kind: str
    authors: str
    title: str
    year: int
    venue: str
    eprint: str = ""

    def bibtex(self) -> str:
        fields = [("author", self.authors), ("title", "{" + self.title + "}"), ("year", str(self.year))]
        fields.append(("journal" if self.kind == "article" else "publisher" if self.kind == "book" else "booktitle", self.venue))
        if self.eprint:
            fields += [("eprint", self.eprint), ("archiveprefix", "arXiv")]
        body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields)
        return f"@{self.kind}{{{self.key},\n{body}\n}}"


_SOURCES = (
    Source("price1958", "article", "Robert Price", "A useful theorem for nonlinear devices having Gaussian inputs", 1958, "IRE Transactions on Information Theory 4(2)"),
    Source("stein1981", "article", "Charles M. Stein", "Estimation of the mean of a multivariate normal distribution", 1981, "The Annals of Statistics 9(6)"),
    Source("sheppard1899", "article", "William F. Sheppard", "On the application of the theory of error to cases of normal distribution and normal correlation", 1899, "Philosophical Transactions of the Royal Society A 192"),
    Source("owen1980", "article", "Donald B. Owen", "A table of normal integrals", 1980, "Communications in Statistics - Simulation and Computation 9(4)"),
    Source("neal1996", "book", "Radford M. Neal", "Bayesian Learning for Neural Networks", 1996, "Springer"),
    Source("williams1996", "inproceedings", "Christopher K. I. Williams", "Computing with infinite networks", 1996, "Advances in Neural Information Processing Systems 9"),
    Source("cho2009", "inproceedings", "Youngmin Cho and Lawrence K. Saul", "Kernel methods for deep learning", 2009, "Advances in Neural Information Processing Systems 22"),
    Source("daniely2016", "inproceedings", "Amit Daniely and Roy Frostig and Yoram Singer", "Toward deeper understanding of neural networks: the power of initialization and a dual view on expressivity", 2016, "Advances in Neural Information Processing Systems 29", "1602.05897"),
    Source("lee2018", "inproceedings", "Jaehoon Lee and Yasaman Bahri and Roman Novak and Samuel S. Schoenholz and Jeffrey Pennington and Jascha Sohl-Dickstein", "Deep neural networks as Gaussian processes", 2018, "International Conference on Learning Representations", "1711.00165"),
    Source("matthews2018", "inproceedings", "Alexander G. de G. Matthews and Mark Rowland and Jiri Hron and Richard E. Turner and Zoubin Ghahramani", "Gaussian process behaviour in wide deep neural networks", 2018, "International Conference on Learning Representations", "1804.11271"),
    Source("jacot2018", "inproceedings", "Arthur Jacot and Franck Gabriel and Clement Hongler", "Neural tangent kernel: convergence and generalization in neural networks", 2018, "Advances in Neural Information Processing Systems 31", "1806.07572"),
    Source("lee2019", "inproceedings", "Jaehoon Lee and Lechao Xiao and Samuel S. Schoenholz and Yasaman Bahri and Roman Novak and Jascha Sohl-Dickstein and Jeffrey Pennington", "Wide neural networks of any depth evolve as linear models under gradient descent", 2019, "Advances in Neural Information Processing Systems 32", "1902.06720"),
    Source("arora2019", "inproceedings", "Sanjeev Arora and Simon S. Du and Wei Hu and Zhiyuan Li and Ruslan Salakhutdinov and Ruosong Wang", "On exact computation with an infinitely wide neural net", 2019, "Advances in Neural Information Processing Systems 32", "1904.11955"),
    Source("yang2020", "article", "Greg Yang", "Tensor programs II: neural tangent kernel for any architecture", 2020, "arXiv preprint", "2006.14548"),
    Source("tsuchida2018", "inproceedings", "Russell Tsuchida and Farbod Roosta-Khorasani and Marcus Gallagher", "Invariance of weight distributions in rectified MLPs", 2018, "International Conference on Machine Learning", "1711.09090"),
    Source("hendrycks2016", "article", "Dan Hendrycks and Kevin Gimpel", "Gaussian error linear units (GELUs)", 2016, "arXiv preprint", "1606.08415"),
    Source("rahimi2007", "inproceedings", "Ali Rahimi and Benjamin Recht", "Random features for large-scale kernel machines", 2007, "Advances in Neural Information Processing Systems 20"),
    Source("novak2020", "inproceedings", "Roman Novak and Lechao Xiao and Jiri Hron and Jaehoon Lee and Alexander A. Alemi and Jascha Sohl-Dickstein and Samuel S. Schoenholz", "Neural tangents: fast and easy infinite neural networks in Python", 2020, "International Conference on Learning Representations", "1912.02803"),
    Source("ziyin2020", "inproceedings", "Liu Ziyin and Tilman Hartwig and Masahito Ueda", "Neural networks fail to learn periodic functions and how to fix it", 2020, "Advances in Neural Information Processing Systems 33", "2006.08195"),
)

SOURCES: MappingProxyType[str, Source] = MappingProxyType({source.key: source for source in _SOURCES})


@dataclass(frozen=True, order=True)
class Citation:
    """A place in a source: ``Citation("lee2019", "Eq. 4")``; key "" means elementary, with the reason in ``where``."""

    key: str
    where: str = ""

    def __post_init__(self) -> None:
        if self.key and self.key not in SOURCES:
            raise RuleError(f"no source {self.key!r}", where="ntksym/sources.py", fix="add the publication to the table")

    def __str__(self) -> str:
        if not self.key:
            return self.where
        source = SOURCES[self.key]
        names = [name.split()[-1] for name in source.authors.split(" and ")]
        who = names[0] if len(names) == 1 else f"{names[0]} and {names[1]}" if len(names) == 2 else f"{names[0]} et al."
        return f"{who} {source.year}" + (f", {self.where}" if self.where else "")
