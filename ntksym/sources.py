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
    Source("rockafellar1970", "book", "R. Tyrrell Rockafellar", "Convex Analysis", 1970, "Princeton University Press"),
    Source("penrose1955", "article", "Roger Penrose", "A generalized inverse for matrices", 1955, "Mathematical Proceedings of the Cambridge Philosophical Society 51(3)"),
    Source("polyak1964", "article", "Boris T. Polyak", "Some methods of speeding up the convergence of iteration methods", 1964, "USSR Computational Mathematics and Mathematical Physics 4(5)"),
    Source("ali2019", "inproceedings", "Alnur Ali and J. Zico Kolter and Ryan J. Tibshirani", "A continuous-time view of early stopping for least squares", 2019, "International Conference on Artificial Intelligence and Statistics", "1810.10082"),
    Source("bohning1992", "article", "Dankmar Boehning", "Multinomial logistic regression algorithm", 1992, "Annals of the Institute of Statistical Mathematics 44(1)"),
    Source("price1958", "article", "Robert Price", "A useful theorem for nonlinear devices having Gaussian inputs", 1958, "IRE Transactions on Information Theory 4(2)"),
    Source("stein1981", "article", "Charles M. Stein", "Estimation of the mean of a multivariate normal distribution", 1981, "The Annals of Statistics 9(6)"),
    Source("sheppard1899", "article", "William F. Sheppard", "On the application of the theory of error to cases of normal distribution and normal correlation", 1899, "Philosophical Transactions of the Royal Society A 192"),
    Source("owen1980", "article", "Donald B. Owen", "A table of normal integrals", 1980, "Communications in Statistics - Simulation and Computation 9(4)"),
    Source("neal1996", "book", "Radford M. Neal", "Bayesian Learning for Neural Networks", 1996, "Springer"),
    Source("williams1996", "inproceedings", "Christopher K. I. Williams", "Computing with infinite networks", 1996, "Advances in Neural Information Processing Systems 9"),
    Source("bishop2006", "book", "Christopher M. Bishop", "Pattern Recognition and Machine Learning", 2006, "Springer"),
    Source("soudry2018", "article", "Daniel Soudry and Elad Hoffer and Mor Shpigel Nacson and Suriya Gunasekar and Nathan Srebro", "The implicit bias of gradient descent on separable data", 2018, "Journal of Machine Learning Research 19", "1710.10345"),
    Source("rasmussen2006", "book", "Carl Edward Rasmussen and Christopher K. I. Williams", "Gaussian Processes for Machine Learning", 2006, "MIT Press"),
    Source("cho2009", "inproceedings", "Youngmin Cho and Lawrence K. Saul", "Kernel methods for deep learning", 2009, "Advances in Neural Information Processing Systems 22"),
    Source("daniely2016", "inproceedings", "Amit Daniely and Roy Frostig and Yoram Singer", "Toward deeper understanding of neural networks: the power of initialization and a dual view on expressivity", 2016, "Advances in Neural Information Processing Systems 29", "1602.05897"),
    Source("lee2018", "inproceedings", "Jaehoon Lee and Yasaman Bahri and Roman Novak and Samuel S. Schoenholz and Jeffrey Pennington and Jascha Sohl-Dickstein", "Deep neural networks as Gaussian processes", 2018, "International Conference on Learning Representations", "1711.00165"),
    Source("matthews2018", "inproceedings", "Alexander G. de G. Matthews and Mark Rowland and Jiri Hron and Richard E. Turner and Zoubin Ghahramani", "Gaussian process behaviour in wide deep neural networks", 2018, "International Conference on Learning Representations", "1804.11271"),
    Source("jacot2018", "inproceedings", "Arthur Jacot and Franck Gabriel and Clement Hongler", "Neural tangent kernel: convergence and generalization in neural networks", 2018, "Advances in Neural Information Processing Systems 31", "1806.07572"),
    Source("lee2019", "inproceedings", "Jaehoon Lee and Lechao Xiao and Samuel S. Schoenholz and Yasaman Bahri and Roman Novak and Jascha Sohl-Dickstein and Jeffrey Pennington", "Wide neural networks of any depth evolve as linear models under gradient descent", 2019, "Advances in Neural Information Processing Systems 32", "1902.06720"),
    Source("arora2019", "inproceedings", "Sanjeev Arora and Simon S. Du and Wei Hu and Zhiyuan Li and Ruslan Salakhutdinov and Ruosong Wang", "On exact computation with an infinitely wide neural net", 2019, "Advances in Neural Information Processing Systems 32", "1904.11955"),
    Source("yang2019", "article", "Greg Yang", "Tensor programs I: wide feedforward or recurrent neural networks of any architecture are Gaussian processes", 2019, "arXiv preprint", "1910.12478"),
    Source("yang2020", "article", "Greg Yang", "Tensor programs II: neural tangent kernel for any architecture", 2020, "arXiv preprint", "2006.14548"),
    Source("yang2021", "inproceedings", "Greg Yang and Edward J. Hu", "Tensor programs IV: feature learning in infinite-width neural networks", 2021, "International Conference on Machine Learning", "2011.14522"),
    Source("tsuchida2018", "inproceedings", "Russell Tsuchida and Farbod Roosta-Khorasani and Marcus Gallagher", "Invariance of weight distributions in rectified MLPs", 2018, "International Conference on Machine Learning", "1711.09090"),
    Source("hendrycks2016", "article", "Dan Hendrycks and Kevin Gimpel", "Gaussian error linear units (GELUs)", 2016, "arXiv preprint", "1606.08415"),
    Source("rahimi2007", "inproceedings", "Ali Rahimi and Benjamin Recht", "Random features for large-scale kernel machines", 2007, "Advances in Neural Information Processing Systems 20"),
    Source("novak2020", "inproceedings", "Roman Novak and Lechao Xiao and Jiri Hron and Jaehoon Lee and Alexander A. Alemi and Jascha Sohl-Dickstein and Samuel S. Schoenholz", "Neural tangents: fast and easy infinite neural networks in Python", 2020, "International Conference on Learning Representations", "1912.02803"),
    Source("ziyin2020", "inproceedings", "Liu Ziyin and Tilman Hartwig and Masahito Ueda", "Neural networks fail to learn periodic functions and how to fix it", 2020, "Advances in Neural Information Processing Systems 33", "2006.08195"),
    Source("donoho1994", "article", "David L. Donoho and Iain M. Johnstone", "Ideal spatial adaptation by wavelet shrinkage", 1994, "Biometrika 81(3)"),
    Source("lecun1998", "inproceedings", "Yann LeCun and Leon Bottou and Genevieve B. Orr and Klaus-Robert Mueller", "Efficient backprop", 1998, "Neural Networks: Tricks of the Trade, Springer"),
    Source("dugas2000", "inproceedings", "Charles Dugas and Yoshua Bengio and Francois Belisle and Claude Nadeau and Rene Garcia", "Incorporating second-order functional knowledge for better option pricing", 2000, "Advances in Neural Information Processing Systems 13"),
    Source("glorot2010", "inproceedings", "Xavier Glorot and Yoshua Bengio", "Understanding the difficulty of training deep feedforward neural networks", 2010, "International Conference on Artificial Intelligence and Statistics"),
    Source("collobert2011", "article", "Ronan Collobert and Jason Weston and Leon Bottou and Michael Karlen and Koray Kavukcuoglu and Pavel Kuksa", "Natural language processing (almost) from scratch", 2011, "Journal of Machine Learning Research 12", "1103.0398"),
    Source("maas2013", "inproceedings", "Andrew L. Maas and Awni Y. Hannun and Andrew Y. Ng", "Rectifier nonlinearities improve neural network acoustic models", 2013, "ICML Workshop on Deep Learning for Audio, Speech and Language Processing"),
    Source("hannun2014", "article", "Awni Hannun and Carl Case and Jared Casper and Bryan Catanzaro and Greg Diamos and Erich Elsen and Ryan Prenger and Sanjeev Satheesh and Shubho Sengupta and Adam Coates and Andrew Y. Ng", "Deep Speech: scaling up end-to-end speech recognition", 2014, "arXiv preprint", "1412.5567"),
    Source("konda2015", "inproceedings", "Kishore Konda and Roland Memisevic and David Krueger", "Zero-bias autoencoders and the benefits of co-adapting features", 2015, "International Conference on Learning Representations", "1402.3337"),
    Source("he2015", "inproceedings", "Kaiming He and Xiangyu Zhang and Shaoqing Ren and Jian Sun", "Delving deep into rectifiers: surpassing human-level performance on ImageNet classification", 2015, "International Conference on Computer Vision", "1502.01852"),
    Source("clevert2016", "inproceedings", "Djork-Arne Clevert and Thomas Unterthiner and Sepp Hochreiter", "Fast and accurate deep network learning by exponential linear units (ELUs)", 2016, "International Conference on Learning Representations", "1511.07289"),
    Source("klambauer2017", "inproceedings", "Guenter Klambauer and Thomas Unterthiner and Andreas Mayr and Sepp Hochreiter", "Self-normalizing neural networks", 2017, "Advances in Neural Information Processing Systems 30", "1706.02515"),
    Source("barron2017", "article", "Jonathan T. Barron", "Continuously differentiable exponential linear units", 2017, "arXiv preprint", "1704.07483"),
    Source("ramachandran2017", "article", "Prajit Ramachandran and Barret Zoph and Quoc V. Le", "Searching for activation functions", 2017, "arXiv preprint", "1710.05941"),
    Source("carlile2017", "article", "Brad Carlile and Guy Delamarter and Paul Kinney and Akiko Marti and Brian Whitney", "Improving deep learning by inverse square root linear units (ISRLUs)", 2017, "arXiv preprint", "1710.09967"),
    Source("elfwing2018", "article", "Stefan Elfwing and Eiji Uchibe and Kenji Doya", "Sigmoid-weighted linear units for neural network function approximation in reinforcement learning", 2018, "Neural Networks 107", "1702.03118"),
    Source("sandler2018", "inproceedings", "Mark Sandler and Andrew Howard and Menglong Zhu and Andrey Zhmoginov and Liang-Chieh Chen", "MobileNetV2: inverted residuals and linear bottlenecks", 2018, "Conference on Computer Vision and Pattern Recognition", "1801.04381"),
    Source("howard2019", "inproceedings", "Andrew Howard and Mark Sandler and Grace Chu and Liang-Chieh Chen and Bo Chen and Mingxing Tan and Weijun Wang and Yukun Zhu and Ruoming Pang and Vijay Vasudevan and Quoc V. Le and Hartwig Adam", "Searching for MobileNetV3", 2019, "International Conference on Computer Vision", "1905.02244"),
    Source("misra2020", "inproceedings", "Diganta Misra", "Mish: a self regularized non-monotonic activation function", 2020, "British Machine Vision Conference", "1908.08681"),
    Source("blondel2020", "article", "Mathieu Blondel and Andre F. T. Martins and Vlad Niculae", "Learning with Fenchel-Young losses", 2020, "Journal of Machine Learning Research 21", "1901.02324"),
    Source("shamir2020", "article", "Gil I. Shamir and Dong Lin and Lorenzo Coviello", "Smooth activations and reproducibility in deep networks", 2020, "arXiv preprint", "2010.09931"),
    Source("sitzmann2020", "inproceedings", "Vincent Sitzmann and Julien N. P. Martel and Alexander W. Bergman and David B. Lindell and Gordon Wetzstein", "Implicit neural representations with periodic activation functions", 2020, "Advances in Neural Information Processing Systems 33", "2006.09661"),
    Source("liu2021", "article", "Xinyu Liu and Xiaoguang Di", "TanhExp: a smooth activation function with high convergence speed for lightweight neural networks", 2021, "IET Computer Vision 15(2)", "2003.09855"),
    Source("barron2021", "article", "Jonathan T. Barron", "Squareplus: a softplus-like algebraic rectifier", 2021, "arXiv preprint", "2112.11687"),
    Source("ramasinghe2022", "inproceedings", "Sameera Ramasinghe and Simon Lucey", "Beyond periodicity: towards a unifying framework for activations in coordinate-MLPs", 2022, "European Conference on Computer Vision", "2111.15135"),
    Source("hafner2023", "article", "Danijar Hafner and Jurgis Pasukonis and Jimmy Ba and Timothy Lillicrap", "Mastering diverse domains through world models", 2023, "arXiv preprint", "2301.04104"),
    Source("yu2023", "article", "Weihao Yu and Chenyang Si and Pan Zhou and Mi Luo and Yichen Zhou and Jiashi Feng and Shuicheng Yan and Xinchao Wang", "MetaFormer baselines for vision", 2023, "IEEE Transactions on Pattern Analysis and Machine Intelligence", "2210.13452"),
    Source("huang2024", "article", "Allen Hao Huang and Imanol Schlag", "Deriving activation functions using integration", 2024, "arXiv preprint", "2411.13010"),
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
