#include "capnode/dynamics/covered_radius.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "capnode/dynamics/margin_bounds.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/rounding.hpp"
#include "counterexample_search.hpp"

namespace capnode {

// The one place where this theorem is declared proved. `open`: the least d of the header over all boxes, `half_width`:
// the R of what they cover.
struct CoveredRadiusTheorem {
    static Result<CoveredRadius> prove(CoveredRadius value, double open, double half_width, double wanted) {
        const double radius = std::fmin(next_down(std::fmin(open, half_width)), largest_finite);
        std::vector<Evidence> evidence;
        for (std::size_t k = 0; k < value.margins.size(); ++k) {
            const Interval& m = value.margins[k];
            if (k != value.cls)
                evidence.push_back({"margin over class " + std::to_string(k) + " at the input", m.lo, m.hi, ">", 0.0,
                                    0.0, m.lo > 0.0});
        }
        evidence.push_back(
            {"distance of all inputs whose class is not proved", open, open, ">", radius, radius, open > radius});
        evidence.push_back({"half width of the cube that the boxes cover", half_width, half_width, ">", radius, radius,
                            half_width > radius});
        if (value.counterexample && !(value.counterexample->distance.hi > radius))
            throw InternalError("a counterexample lies within a radius that is proved");
        if (value.counterexample && value.counterexample->distance.hi <= wanted)
            return refuted(*value.counterexample, radius, wanted, std::move(evidence));
        const bool all = std::all_of(evidence.begin(), evidence.end(), [](const Evidence& e) { return e.holds; });
        if (!(radius > 0.0) || !all || !(radius >= wanted)) {
            const std::string what = wanted > 0.0 ? "the radius " + shortest_text(wanted) + " was asked for, " +
                                                        shortest_text(std::fmax(radius, 0.0)) + " could be certified"
                                                  : std::string("no radius could be certified");
            return Result<CoveredRadius>::not_proved(
                Verdict::too_wide, what + " with " + std::to_string(value.boxes) + " boxes; " + value.ended,
                std::move(evidence));
        }
        value.radius = radius;
        return Result<CoveredRadius>::make_proved(std::move(value), std::move(evidence));
    }

  private:
    static Result<CoveredRadius> refuted(const AdversarialPair& pair, double radius, double wanted,
                                         std::vector<Evidence> evidence) {
        evidence.push_back({"distance of an input of class " + std::to_string(pair.cls_y), pair.distance.lo,
                            pair.distance.hi, ">", wanted, wanted, false});
        return Result<CoveredRadius>::not_proved(Verdict::counterexample,
                                                 "an input at the distance " + number_text(pair.distance, 6) +
                                                     " is proved to have the class " + std::to_string(pair.cls_y) +
                                                     ", so the radius " + shortest_text(wanted) + " does not hold; " +
                                                     shortest_text(std::fmax(radius, 0.0)) + " does",
                                                 std::move(evidence));
    }
};

namespace {

constexpr std::size_t batch = 64;      // boxes integrated side by side
constexpr double first_cube = 0.1;     // half width of the first cube, in parts of the first-order radius over sqrt n
constexpr double growth = 1.5;         // of the cube, from shell to shell
constexpr double hopeless = 20.0;      // a set that many times wider than its linear part is cut rather than followed
constexpr double least_stretch = 0.5;  // of an axis, in parts of the largest, where boxes are cut
constexpr std::size_t linear_dimensions = 3;  // up to which linear sets are quicker than Taylor models
constexpr std::size_t default_budget = 100000;
constexpr std::size_t model_cost = 64;  // of a Taylor model, in linear sets
constexpr double smallest = 1e-3;       // of boxes that are cut, in parts of what the accuracy asks for

using Clock = std::chrono::steady_clock;

struct Cell {
    InputBox box;
    std::shared_ptr<const std::vector<MarginPlanes>> margins;  // over this box or one that holds it; may be null
    std::shared_ptr<const std::vector<double>> stretch_bar;    // of the same
    std::vector<char> possible;                                // by class
    double distance = 0.0;                                     // d of the header, in u
    bool integrated = false;
    bool arrived = false;  // and its image is known
};

struct Farther {
    bool operator()(const Cell& a, const Cell& b) const { return a.distance > b.distance; }
};

class Cover {
  public:
    Cover(const std::vector<FlowLayer>& layers, const Readout& readout, const NetworkInput& input,
          const CoverOptions& options)
        : layers_(layers),
          readout_(readout),
          input_(input),
          options_(options),
          n_(input.x.size()),
          degree_(options.flow.set_degree != 0 ? options.flow.set_degree : (n_ <= linear_dimensions ? 1 : 3)),
          budget_(options.budget != 0 ? options.budget : default_budget) {}

    Result<CoveredRadius> run() {
        FlowOptions at_input = options_.flow;
        at_input.derivative = true;
        at_input.set_degree = 1;
        at_input.progress = {};
        InitialSet start;
        start.centre = input_.x;
        start.directions = Matrix(n_, 0);
        start.parameter = input_.parameter;
        start.t0 = input_.t0;
        const LayeredResult found = integrate_layers(layers_, {start}, at_input).front();
        const FlowResult& last = found.back();
        if (found.size() < layers_.size() || last.verdict != Verdict::proved) {
            return Result<CoveredRadius>::not_proved(last.verdict == Verdict::unbounded ? Verdict::lost : last.verdict,
                                                     last.detail);
        }
        value_.final = last.final;
        const auto cls = class_of(readout_, value_.final);
        if (!cls) {
            return Result<CoveredRadius>::not_proved(Verdict::too_wide,
                                                     "the class of the input itself is not decided by its enclosure");
        }
        value_.cls = *cls;
        value_.margins = margins(readout_, value_.final, *cls);
        gradients(last.derivative);
        search_.emplace(layers_, readout_, input_, value_.cls, options_.flow, options_.accuracy, options_.largest);
        search_->descend();
        grow(first_order());
        while (!ended()) step();
        value_.counterexample = search_->best();
        return CoveredRadiusTheorem::prove(std::move(value_), multiply_down(frame_.least, open()),
                                           multiply_down(frame_.least, half_width_), options_.radius);
    }

  private:
    // |a_k|, a_k = Y^T (w_c - w_k); and the frame of singular vectors of Y.
    void gradients(const std::vector<Interval>& derivative) {
        BallMatrix y(n_, n_);
        for (std::size_t i = 0; i < n_ * n_; ++i) {
            const Ball b = to_ball(derivative[i]);
            y.mid.data[i] = b.mid;
            y.rad.data[i] = b.rad;
        }
        const BallMatrix a = pulled_back(readout_, value_.cls, y);
        for (std::size_t k = 0; k < readout_.classes(); ++k) {
            double sum = 0.0;
            for (std::size_t j = 0; j < n_; ++j) {
                const double x = add_up(std::fabs(a.mid(k, j)), a.rad(k, j));
                sum = add_up(sum, multiply_up(x, x));
            }
            value_.gradient_at_input.push_back(k == value_.cls ? 0.0 : sqrt_up(sum));
        }
        Matrix square(n_, n_);
        for (std::size_t i = 0; i < n_; ++i) {
            for (std::size_t j = 0; j < n_; ++j) {
                for (std::size_t k = 0; k < n_; ++k) square(i, j) += y.mid(k, i) * y.mid(k, j);
            }
        }
        std::vector<double> values;
        Matrix axes = Matrix::identity(n_);
        auto stretch = std::make_shared<std::vector<double>>(n_, 1.0);
        if (blas::syev(square, true, values, axes)) {
            for (std::size_t j = 0; j < n_; ++j) (*stretch)[j] = std::sqrt(std::fmax(values[j], 0.0));
        } else {
            axes = Matrix::identity(n_);
        }
        stretch_at_input_ = std::move(stretch);
        frame_ = frame_at(input_.x, axes);
    }
    double first_order() const {
        double least = infinity;
        for (std::size_t k = 0; k < readout_.classes(); ++k) {
            if (k != value_.cls && value_.gradient_at_input[k] > 0.0)
                least = std::fmin(least, value_.margins[k].lo / value_.gradient_at_input[k]);
        }
        return least > 0.0 && least < infinity ? first_cube * least / std::sqrt(static_cast<double>(n_)) : 1.0;
    }

    // ---- the cube |u_j| <= half_width ----

    // To the half width `to`, or to a little beyond the counterexample where that is less.
    void grow(double to) {
        to = std::fmin(to, 1.0001 * search_->distance());
        const double from = half_width_;
        if (!(to > from) || !(to < infinity)) {
            stuck_ = true;
            return;
        }
        half_width_ = to;
        const InputBox cube{std::vector<double>(n_, -to), std::vector<double>(n_, to)};
        if (from == 0.0) {
            push(cube, nullptr);
            return;
        }
        // Slab j: outside along axis j, within the old cube along the axes before it.
        for (std::size_t j = 0; j < n_; ++j) {
            for (const bool below : {true, false}) {
                InputBox slab = cube;
                std::fill_n(slab.lo.begin(), j, -from);
                std::fill_n(slab.hi.begin(), j, from);
                (below ? slab.hi[j] : slab.lo[j]) = below ? -from : from;
                push(slab, nullptr);
            }
        }
    }

    // A box, with what is known of the one that it was cut from.
    void push(InputBox box, const Cell* parent) {
        Cell cell;
        cell.box = std::move(box);
        cell.distance = distance_of(cell.box);
        if (parent == nullptr) {
            cell.possible.assign(readout_.classes(), 1);
            cell.possible[value_.cls] = 0;
            cell.stretch_bar = stretch_at_input_;
        } else {
            cell.possible = parent->possible;
            cell.margins = parent->margins;
            cell.stretch_bar = parent->stretch_bar;
            cell.distance = std::fmax(cell.distance, parent->distance);
            judge(cell, nullptr);
        }
        if (cell.distance < infinity) insert(std::move(cell));
    }
    void insert(Cell cell) {
        cells_.push_back(std::move(cell));
        std::push_heap(cells_.begin(), cells_.end(), Farther{});
    }
    Cell nearest() {
        std::pop_heap(cells_.begin(), cells_.end(), Farther{});
        Cell cell = std::move(cells_.back());
        cells_.pop_back();
        return cell;
    }

    // d of a box from its planes; infinite where every class is excluded. `candidates`: where to look for
    // counterexamples, may be null.
    void judge(Cell& cell, std::vector<Candidate>* candidates) const {
        if (!cell.margins) return;
        double least = infinity;
        for (std::size_t k = 0; k < cell.possible.size(); ++k) {
            if (!cell.possible[k]) continue;
            const MarginPlanes& planes = (*cell.margins)[k];
            const NearestZero zero = nearest_zero(planes, cell.box);
            if (!(zero.distance < infinity)) {
                cell.possible[k] = 0;
                continue;
            }
            least = std::fmin(least, zero.distance);
            if (candidates != nullptr && planes.upper < infinity) {
                std::vector<double> gradient(n_, 0.0);
                for (std::size_t i = 0; i < n_; ++i) {
                    for (std::size_t j = 0; j < n_; ++j) gradient[i] += frame_.axes(i, j) * planes.slope[j];
                }
                candidates->push_back({point_bar(frame_, zero.point_bar), std::move(gradient), k, 0});
            }
        }
        cell.distance = std::fmax(cell.distance, least);
    }

    // ---- the search ----

    double open() const { return cells_.empty() ? infinity : cells_.front().distance; }
    double proved() const { return frame_.least * std::fmin(open(), half_width_); }
    // Boxes whose d is that large need not be looked at.
    double goal() const {
        const double sharp = (search_->best() ? 1.0 - options_.accuracy : 1.0) * search_->distance();
        return (options_.radius > 0.0 ? std::fmin(options_.radius, sharp) : sharp) * (1.0 + 0x1p-40);
    }

    bool end(std::string why) {
        value_.ended = std::move(why);
        return true;
    }
    bool ended() {
        const double now = proved();
        const bool found = search_->best().has_value();
        if (options_.flow.progress) options_.flow.progress(std::fmin(1.0, now / goal()));
        if (found && now > (1.0 - options_.accuracy) * search_->distance()) {
            value_.sharp = true;
            return end("the counterexample is as close as was asked");
        }
        // a little more than asked for: the theorem rounds down
        if (options_.radius > 0.0 && now > options_.radius * (1.0 + 0x1p-45))
            return end("the radius asked for is proved");
        if (options_.radius > 0.0 && found && search_->distance() <= options_.radius)
            return end("the radius asked for is refuted");
        if (now > options_.largest) return end("the largest radius allowed is proved");
        if (seconds() > options_.flow.max_seconds)
            return end("the time of " + shortest_text(options_.flow.max_seconds) + " s was spent");
        if (stopped_ || search_->stopped() || (options_.flow.interrupted && options_.flow.interrupted()))
            return end("it was interrupted");
        if (spent_ >= budget_) return end("the budget of " + std::to_string(budget_) + " boxes was spent");
        if (stuck_) return end("the boxes are as small as accuracy or doubles allow");
        return false;
    }
    double seconds() const { return std::chrono::duration<double>(Clock::now() - begun_).count(); }

    // The boxes nearest to x, a batch of them: those not integrated yet are, the others are cut.
    void step() {
        if (open() >= half_width_) {
            grow(growth * half_width_);
            return;
        }
        const std::size_t most = std::min(batch, budget_ - spent_);
        std::vector<Cell> cells;
        const double far = std::fmin(goal() / frame_.least, half_width_);
        while (cells.size() < most && open() < far && !stuck_) {
            Cell cell = nearest();
            if (!cell.integrated) {
                cells.push_back(std::move(cell));
            } else if (!cut(cell)) {
                stuck_ = true;  // no other box can make up for the nearest one
                insert(std::move(cell));
            }
        }
        if (!cells.empty()) integrate_all(std::move(cells));
    }

    // In two, across the axis along which its image is longest; false where it is too small for that to matter.
    bool cut(const Cell& cell) {
        double sum = 0.0;
        double largest = 0.0;
        for (std::size_t j = 0; j < n_; ++j) {
            const double side = cell.box.hi[j] - cell.box.lo[j];
            sum += side * side;
            largest = std::fmax(largest, (*cell.stretch_bar)[j]);
        }
        if (std::sqrt(sum) < smallest * options_.accuracy * cell.distance) return false;
        double most = -1.0;
        std::size_t axis = n_;
        double middle = 0.0;
        for (std::size_t j = 0; j < n_; ++j) {
            const double side = cell.box.hi[j] - cell.box.lo[j];
            const double size = side * ((*cell.stretch_bar)[j] + least_stretch * largest);
            const double m = midpoint(Interval(cell.box.lo[j], cell.box.hi[j]));
            if (size > most && cell.box.lo[j] < m && m < cell.box.hi[j]) {
                most = size;
                axis = j;
                middle = m;
            }
        }
        if (axis == n_) return false;
        InputBox left = cell.box;
        InputBox right = cell.box;
        left.hi[axis] = middle;
        right.lo[axis] = middle;
        push(std::move(left), &cell);
        push(std::move(right), &cell);
        return true;
    }

    // By linear sets; then by Taylor models, where they are wanted, those that linear sets did not carry to the end.
    void integrate_all(std::vector<Cell> cells) {
        std::vector<Candidate> candidates;
        image(cells, 1, candidates);
        std::vector<Cell> open;
        for (Cell& cell : cells) {
            if (!(cell.distance < infinity)) continue;
            const bool again = degree_ > 1 && cell.integrated && !cell.arrived;
            again ? open.push_back(std::move(cell)) : insert(std::move(cell));
        }
        if (!open.empty() && !stopped_) image(open, degree_, candidates);
        for (Cell& cell : open) {
            if (cell.distance < infinity) insert(std::move(cell));
        }
        search_->look_at(std::move(candidates));
    }
    void image(std::vector<Cell>& cells, std::size_t degree, std::vector<Candidate>& candidates) {
        std::vector<InputBox> boxes;
        boxes.reserve(cells.size());
        for (const Cell& cell : cells) boxes.push_back(cell.box);
        FlowOptions own = options_.flow;
        own.max_seconds = std::fmax(0.0, options_.flow.max_seconds - seconds());
        own.nonlinear_limit = hopeless;
        own.set_degree = degree;
        std::vector<BoxImage> found = box_images(layers_, readout_, input_, frame_, value_.cls, boxes, own);
        for (std::size_t k = 0; k < cells.size(); ++k) {
            Cell& cell = cells[k];
            BoxImage& image = found[k];
            if (image.verdict == Verdict::interrupted) {
                stopped_ = true;
                continue;
            }
            if (!cell.integrated) ++value_.boxes;
            spent_ += degree > 1 ? model_cost : 1;
            cell.integrated = true;
            if (image.verdict != Verdict::proved) continue;
            cell.arrived = true;
            cell.margins = std::make_shared<const std::vector<MarginPlanes>>(std::move(image.margins));
            cell.stretch_bar = std::make_shared<const std::vector<double>>(std::move(image.stretch_bar));
            judge(cell, &candidates);
        }
    }

    const std::vector<FlowLayer>& layers_;
    const Readout& readout_;
    const NetworkInput& input_;
    const CoverOptions& options_;
    const std::size_t n_;
    const std::size_t degree_;  // of the Taylor models; 1: none
    const std::size_t budget_;
    const Clock::time_point begun_ = Clock::now();
    CoveredRadius value_;
    InputFrame frame_;
    std::shared_ptr<const std::vector<double>> stretch_at_input_;
    std::optional<CounterexampleSearch> search_;
    double half_width_ = 0.0;
    std::vector<Cell> cells_;  // a heap, the nearest first: all of the cube that is not decided
    std::size_t spent_ = 0;    // of the budget
    bool stopped_ = false;
    bool stuck_ = false;
};

void check(const std::vector<FlowLayer>& layers, const Readout& readout, const NetworkInput& input,
           const CoverOptions& options) {
    if (layers.empty()) throw std::invalid_argument("there are 0 layers");
    const std::size_t n = layers.front().field.dim();
    check_readout(readout, n);
    if (input.x.size() != n) {
        throw std::invalid_argument("the input has " + std::to_string(input.x.size()) + " entries, the field needs " +
                                    std::to_string(n));
    }
    if (!(options.accuracy > 0.0 && options.accuracy < 1.0)) {
        throw std::invalid_argument("the accuracy must lie between 0 and 1, not " + shortest_text(options.accuracy));
    }
    if (!(options.radius >= 0.0 && options.radius < infinity)) {
        throw std::invalid_argument("the radius must be positive and finite, not " + shortest_text(options.radius));
    }
    if (!(options.largest > options.radius)) {
        throw std::invalid_argument("the largest radius must be above " + shortest_text(options.radius) + ", not " +
                                    shortest_text(options.largest));
    }
}

}  // namespace

Result<CoveredRadius> covered_radius(const std::vector<FlowLayer>& layers, const Readout& readout,
                                     const NetworkInput& input, const CoverOptions& options) {
    check(layers, readout, input, options);
    return Cover(layers, readout, input, options).run();
}

}  // namespace capnode
