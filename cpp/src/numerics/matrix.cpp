#include "capnode/numerics/matrix.hpp"

#include <algorithm>

namespace capnode {

Matrix transpose(const Matrix& a) {
    constexpr std::size_t tile = 32;
    Matrix t(a.cols, a.rows);
    for (std::size_t i0 = 0; i0 < a.rows; i0 += tile) {
        for (std::size_t j0 = 0; j0 < a.cols; j0 += tile) {
            const std::size_t i1 = std::min(i0 + tile, a.rows);
            const std::size_t j1 = std::min(j0 + tile, a.cols);
            for (std::size_t i = i0; i < i1; ++i) {
                for (std::size_t j = j0; j < j1; ++j) t(j, i) = a(i, j);
            }
        }
    }
    return t;
}

}  // namespace capnode
