// FTLE fields: finite-time Lyapunov exponents over a rectangle of inputs, enclosed point by point or cell by cell.
//
// Definition. Phi is the time-t map of a system (a field, layers of fields, or the iterates of a map), and an encoder
// y = A z + b, A of shape n x 2, sets inputs z of a plane into it; without an encoder n = 2, A = I, b = 0. The exponent
// at z is
//     lambda(z) = (1/|t|) log sigma_max( DPhi(A z + b) A ),
// the largest singular value of DPhi restricted to the plane (of all of DPhi where n = 2).
//
// Theorem (one cell). For a box Z of inputs the returned [lower, upper] holds lambda(z) for EVERY z in Z, for every
// parameter in its intervals and every weight in the weight radius. Two ways to M(z) = DPhi(A z + b) A:
//     first order   the C1 enclosure of the flow (flow.hpp): M within mid +- radius. Points, and large systems.
//     second order  the system (x, V), V' = J(x) V (field/variational.hpp), as a flow of its own from the set
//                   x = A z + b, V = A: a Taylor model (taylor_model_flow.hpp) or a linear set centre + C r0 + S gives
//                   M = M_0 + sum_j r_j C_j + E, |r_j| <= rho_j, |E| <= R with R quadratic in the cell.
// Then largest_singular_value.hpp, and log of the elementary layer. What could not be bounded that way has the a priori
// interval  |t| lambda in log sigma_max(A) + integral of [-mu(-J), mu(J)], J over the whole space (infinite where J is
// not bounded), and a verdict that says so.
//
// Refinement (cells). Within a tile the leaves are quartered in order of the worst area x width, ties by place, until
// every width meets `width`, or the tile's even share of `budget` is used up: every cell that is integrated counts.
// The interval of a coarse cell is the hull over its leaves. Cuts are doubles shared by the neighbours, so that leaves
// cover the coarse cell exactly. Tiles depend on nothing but the specification: same bits on the same CPU type.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capnode/flow/discrete_map.hpp"
#include "capnode/flow/layered_flow.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode {

/// Either layers (a flow; one layer is a plain field) or stages (iterates of maps).
struct FtleSystem {
    std::vector<FlowLayer> layers;
    std::vector<IterationStage> stages;

    bool discrete() const { return !stages.empty(); }
    const Field& first() const { return discrete() ? stages.front().map.field : layers.front().field; }
    /// t: the durations together, or the steps times their length (1 for a map that is no Euler step).
    Interval time() const;
};

struct FtleSpec {
    FtleSystem system;
    std::vector<Interval> parameter;
    double t0 = 0.0;
    Matrix encoder;                 // dim x 2; empty: none
    std::vector<double> offset;     // b; empty: 0
    std::array<double, 2> lower{};  // of the box of inputs
    std::array<double, 2> upper{};
    std::array<std::size_t, 2> shape{};  // grid points with both ends, or cells
    bool cells = true;
    std::size_t budget = 0;   // cells integrated in all; 0: the coarse cells alone
    double width = 0.0;       // wanted of every interval; 0: whatever the budget gives
    double area_width = 0.0;  // leaves with area x width at most this are left as they are
    std::array<std::size_t, 2> tile{16, 16};
    int derivative_order = 0;  // 1 or 2; 0: 2 for cells of systems of dim <= 12, else 1
    std::size_t set_degree =
        0;                   // by what cells are carried in second order: 1 linear sets, 2.. Taylor models; 0: chosen
    std::size_t order = 0;   // of the steps; 0: chosen
    double tolerance = 0.0;  // of the flow; 0: chosen
};

struct FtleTile {
    std::size_t index = 0;
    std::array<std::size_t, 2> first{};  // place of its first entry in the grid
    std::array<std::size_t, 2> size{};
    std::vector<double> lower, upper;  // size[0] x size[1], by rows
    std::vector<Verdict> verdicts;     // proved: all of the cell was bounded
    /// The leaves (cells only), grouped by coarse cell: boxes as z0 lower, z0 upper, z1 lower, z1 upper.
    struct Leaf {
        std::array<double, 4> box{};
        double lower = 0.0, upper = 0.0;
        Verdict verdict = Verdict::no_convergence;
        std::uint32_t parent = 0;  // of lower, upper, verdicts
    };
    std::vector<Leaf> leaves;
    std::size_t integrated = 0;  // cells or points
};

/// std::invalid_argument with both numbers where the specification makes no sense.
void check(const FtleSpec& spec);
std::size_t tile_count(const FtleSpec& spec);
/// First and size of a tile; tiles are numbered by rows.
FtleTile tile_range(const FtleSpec& spec, std::size_t index);
/// Grid line i of axis k: shape + 1 edges of cells, or `shape` points (the middle where there is one point).
double grid_line(const FtleSpec& spec, std::size_t axis, std::size_t i);

/// Bounds exponents of one system over cells; made once, used for all tiles, from many threads.
class FtleBounds {
  public:
    explicit FtleBounds(const FtleSpec& spec);
    ~FtleBounds();
    FtleBounds(const FtleBounds&) = delete;
    FtleBounds& operator=(const FtleBounds&) = delete;

    struct Cell {
        std::array<double, 4> box{};
        double enough = 0.0;  // a width that will do: the quickest way that meets it is taken
        Interval exponent;    // a priori where the verdict is not proved
        Verdict verdict = Verdict::no_convergence;
    };
    /// Fills exponent and verdict. `interrupted` is polled; cells that were stopped have that verdict.
    void bound(std::vector<Cell>& cells, const std::function<bool()>& interrupted = {}) const;
    /// Holds at every input.
    Interval a_priori() const;

  private:
    struct Data;
    std::unique_ptr<Data> data_;
};

struct FtleProgress {
    std::function<bool()> interrupted;     // may be empty
    std::function<void(double)> progress;  // share of the tile's budget
};

/// One tile; an interrupted one has entries with the verdict `interrupted` and is not to be kept.
FtleTile ftle_tile(const FtleSpec& spec, const FtleBounds& bounds, std::size_t index,
                   const FtleProgress& progress = {});

}  // namespace capnode
