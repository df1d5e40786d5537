// Dense row-major matrices of doubles, real and complex (split planes, so that complex products are real BLAS
// products), and their ball versions: every matrix in mid ± rad, entrywise; complex entries in discs |z - mid| <= rad.
// Plain data: the bounds are computed in ball_matrix.hpp and above.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace capnode {

/// 64-byte aligned storage: vector kernels may use aligned loads, and no row straddles more lines than it must.
template <class T>
struct AlignedAllocator {
    using value_type = T;
    AlignedAllocator() = default;
    template <class U>
    AlignedAllocator(const AlignedAllocator<U>&) noexcept {}
    T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t{64})); }
    void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, std::align_val_t{64}); }
    friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
};

using AlignedVector = std::vector<double, AlignedAllocator<double>>;

struct Matrix {
    std::size_t rows = 0;
    std::size_t cols = 0;
    AlignedVector data;

    Matrix() = default;
    Matrix(std::size_t r, std::size_t c, double value = 0.0) : rows(r), cols(c), data(r * c, value) {}
    double& operator()(std::size_t i, std::size_t j) { return data[i * cols + j]; }
    double operator()(std::size_t i, std::size_t j) const { return data[i * cols + j]; }
    double* row(std::size_t i) { return data.data() + i * cols; }
    const double* row(std::size_t i) const { return data.data() + i * cols; }
    std::size_t size() const { return data.size(); }
    static Matrix identity(std::size_t n) {
        Matrix m(n, n);
        for (std::size_t i = 0; i < n; ++i) m(i, i) = 1.0;
        return m;
    }
};

struct BallMatrix {
    Matrix mid;
    Matrix rad;  // entries >= 0, +inf where nothing is known

    BallMatrix() = default;
    BallMatrix(std::size_t r, std::size_t c) : mid(r, c), rad(r, c) {}
    explicit BallMatrix(Matrix m) : mid(std::move(m)), rad(mid.rows, mid.cols) {}
    BallMatrix(Matrix m, Matrix r) : mid(std::move(m)), rad(std::move(r)) {}
    std::size_t rows() const { return mid.rows; }
    std::size_t cols() const { return mid.cols; }
};

struct ComplexMatrix {
    Matrix re;
    Matrix im;

    ComplexMatrix() = default;
    ComplexMatrix(std::size_t r, std::size_t c) : re(r, c), im(r, c) {}
    ComplexMatrix(Matrix a, Matrix b) : re(std::move(a)), im(std::move(b)) {}
    std::size_t rows() const { return re.rows; }
    std::size_t cols() const { return re.cols; }
};

struct ComplexBallMatrix {
    ComplexMatrix mid;
    Matrix rad;

    ComplexBallMatrix() = default;
    ComplexBallMatrix(std::size_t r, std::size_t c) : mid(r, c), rad(r, c) {}
    explicit ComplexBallMatrix(ComplexMatrix m) : mid(std::move(m)), rad(mid.rows(), mid.cols()) {}
    ComplexBallMatrix(ComplexMatrix m, Matrix r) : mid(std::move(m)), rad(std::move(r)) {}
    std::size_t rows() const { return rad.rows; }
    std::size_t cols() const { return rad.cols; }
};

Matrix transpose(const Matrix& a);

}  // namespace capnode
