#include "capnode/flow/step_engine.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/flow/step_kernels.hpp"
#include "capnode/numerics/blas.hpp"

namespace capnode {

StepEngine::StepEngine(std::shared_ptr<const TaylorProgram> program, std::size_t lanes, std::size_t order,
                       std::size_t extra, std::size_t tangent_order)
    : program_(std::move(program)),
      kernels_(step_kernels()),
      lanes_(lanes),
      order_(order),
      top_(order - 1 + extra),
      tangent_order_(std::min(order, tangent_order)),
      tangent_top_(tangent_order_ == 0 ? 0 : std::min(top_, tangent_order_ - 1 + extra)),
      with_tangents_(tangent_order > 0),
      scale_(lanes, 1.0),
      theta_(lanes, 1.0) {
    const std::size_t total = program_->total_rows;
    stride_ = total * lanes_;
    values_.assign(stride_ * (top_ + 1), 0.0);
    suffix_.assign(stride_ * (top_ + 2), 0.0);
    for (AlignedVector* v :
         {&first_, &radius_, &initial_error_, &half_inverse_, &scratch_, &scratch2_, &tail_, &pure_, &slope_}) {
        v->assign(stride_, 0.0);
    }
    defect_.assign(rows() * lanes_, 0.0);
    weight_.assign((top_ + 2) * lanes_, 0.0);
    weighted_.assign(weight_.size(), 0.0);
    selection_.resize(program_->instructions.size());
    low_degree_.assign(program_->instructions.size(), 0);
    for (const Instruction& i : program_->instructions) {
        bool low = false;
        switch (i.primitive) {
            case Primitive::state:
                low = true;
                break;
            case Primitive::constant:
                low = true;
                break;
            case Primitive::affine:
            case Primitive::scale:
            case Primitive::gather:
                low = low_degree_[i.a];
                break;
            case Primitive::add:
            case Primitive::subtract:
                low = low_degree_[i.a] && low_degree_[i.b];
                break;
            case Primitive::concat:
                low = std::all_of(i.parts.begin(), i.parts.end(), [&](Register r) { return low_degree_[r] != 0; });
                break;
            default:
                break;
        }
        low_degree_[i.out] = low;
        // Registers that are a choice of rows of the state, none twice.
        if (i.primitive == Primitive::state) {
            for (std::size_t r = 0; r < rows(); ++r) selection_[i.out].push_back(static_cast<std::uint32_t>(r));
        } else if (i.primitive == Primitive::gather && !selection_[i.a].empty()) {
            std::vector<char> seen(rows(), 0);
            bool once = true;
            for (const std::uint32_t index : i.indices) {
                const std::uint32_t r = selection_[i.a][index];
                once = once && !seen[r];
                seen[r] = 1;
                selection_[i.out].push_back(r);
            }
            if (!once) selection_[i.out].clear();
        }
        const std::vector<std::uint32_t>& selected = selection_[i.out];
        bool whole = selected.size() == rows();
        for (std::size_t r = 0; whole && r < rows(); ++r) whole = selected[r] == r;
        is_state_.push_back(whole);
    }
    columns_ = rows();
    std::size_t row = 0;
    for (const Instruction& i : program_->instructions) {
        tangent_offset_.push_back(row);
        if (i.on_path) row += program_->size[i.out];
    }
    tangent_stride_ = row * columns_ * lanes_;
    if (with_tangents_) {
        std::size_t largest = 0;
        for (const std::size_t s : program_->size) largest = std::max(largest, s);
        tiles_ = tangent_tiles(columns_);
        for (TangentTile& tile : tiles_) {
            tile.stride = row * tile.columns * lanes_;
            tile.series.assign(tile.stride * (tangent_top_ + 1), 0.0);
            tile.radius.assign(tile.stride, 0.0);
            tile.scratch.assign(largest * tile.columns * lanes_, 0.0);
            tile.scratch2.assign(largest * tile.columns * lanes_, 0.0);
            tile.factor.assign((tangent_top_ + 2) * largest * lanes_, 0.0);
        }
    }
}

void StepEngine::reserve_scratch() {
    std::size_t largest = 0;
    for (const std::size_t s : program_->size) largest = std::max(largest, s);
    tangent_scratch_.resize(largest * columns_ * lanes_, 0.0);
    tangent_scratch2_.resize(largest * columns_ * lanes_, 0.0);
}

void StepEngine::linear_product(const Instruction& i, const double* weight, const double* bias, const double* in,
                                double* out, std::size_t columns) const {
    const std::size_t rows = i.weight->mid.rows;
    const std::size_t inner = i.weight->mid.cols;
    if (bias == nullptr && columns >= 16 && rows * inner * columns >= 32768) {
        blas::gemm(rows, columns, inner, weight, in, out);
    } else {
        kernels_.product(out, weight, bias, in, rows, inner, columns);
    }
}

}  // namespace capnode
