// Field files: exact round trips; truncated, altered and malformed texts are refused and never read out of bounds (this
// test runs under the address sanitizer too).
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "capnode/field/digest.hpp"
#include "capnode/field/evaluate.hpp"
#include "capnode/field/field_io.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

Field example() {
    std::mt19937_64 random(1);
    std::normal_distribution<double> normal;
    const auto matrix = [&](std::size_t rows, std::size_t cols) {
        Matrix m(rows, cols);
        for (double& v : m.data) v = normal(random);
        return m;
    };
    const auto radius = [&](std::size_t rows, std::size_t cols) {
        Matrix m = matrix(rows, cols);
        for (double& v : m.data) v = std::abs(v) * 1e-9;
        return m;
    };
    FieldBuilder b(2, 3, true);
    const NodeId x = b.state();
    const NodeId p = b.parameter();
    const NodeId u = b.apply(Function::tanh, b.affine(x, matrix(3, 2), radius(3, 2), matrix(3, 1), radius(3, 1)));
    const NodeId w = b.affine(p, matrix(6, 3));
    const NodeId v = b.matvec(w, u, 2, 3);
    const NodeId q = b.divide(b.power(x, -2), b.constant(matrix(2, 1), radius(2, 1)));
    const NodeId t = b.gather(b.time(), {0, 0});
    const NodeId sum = b.subtract(b.add(v, q), b.multiply(t, b.negate(x)));
    return b.build(b.gather(b.concat({sum, x}), {1, 0}));
}

bool refused(const std::string& text) {
    try {
        from_text(text);
    } catch (const FieldFormatError&) {
        return true;
    }
    return false;
}

std::string with_digest(const std::string& body) { return "capnode-field 1\ndigest " + sha256_hex(body) + "\n" + body; }

void test_round_trip() {
    const Field f = example();
    const std::string text = to_text(f);
    const Field g = from_text(text);
    CHECK(to_text(g) == text);
    CHECK(f == g);
    const Matrix x(2, 1, 0.75);
    const Matrix p(3, 1, -0.5);
    CHECK(evaluate(f, x, p, 0.25).data == evaluate(g, x, p, 0.25).data);
    const auto path = std::filesystem::temp_directory_path() / "capnode-test-field-io.capnode";
    save(f, path);
    CHECK(load(path) == f);
    std::filesystem::remove(path);
    bool missing = false;
    try {
        load(path);
    } catch (const std::filesystem::filesystem_error& e) {
        missing = e.path1() == path;
    }
    CHECK(missing);
}

void test_damage() {
    const std::string text = to_text(example());
    for (std::size_t size = 0; size < text.size(); ++size) CHECK(refused(text.substr(0, size)));
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string altered = text;
        altered[i] = static_cast<char>(altered[i] ^ (1 << (i % 8)));
        CHECK(refused(altered));
    }
}

// Whatever the body, the answer is a field that reads back or a refusal.
void test_fuzz() {
    const std::string body = canonical_text(example());
    std::mt19937_64 random(2);
    const char* pieces[] = {"9", " ", "\n", "-", "p+9", "18446744073709551616", "4294967295", "\xff", "-1"};
    for (int round = 0; round < 3000; ++round) {
        std::string text = body;
        const int changes = 1 + static_cast<int>(random() % 3);
        for (int k = 0; k < changes; ++k) {
            const std::size_t i = random() % text.size();
            switch (random() % 4) {
                case 0:
                    text[i] = static_cast<char>(random() % 256);
                    break;
                case 1:
                    text.erase(i, 1 + random() % 3);
                    break;
                case 2:
                    text.insert(i, pieces[random() % std::size(pieces)]);
                    break;
                default:
                    text.insert(i, text.substr(random() % text.size(), random() % 80));
            }
        }
        try {
            const Field f = from_text(with_digest(text));
            CHECK(to_text(f) == with_digest(text));
        } catch (const FieldFormatError&) {
            CHECK(true);
        }
    }
}

// Sizes far beyond the text are refused before anything is allocated.
void test_sizes() {
    for (const char* body :
         {"dim 2 parameter_dim 0 time 0\ntensors 18446744073709551615\n", "dim 2 parameter_dim 0 time 0\ntensors 9\n",
          "dim 2 parameter_dim 0 time 0\ntensors 1\ntensor 4294967296 4294967296 exact\n0p+0\n",
          "dim 2 parameter_dim 0 time 0\ntensors 1\ntensor 1 9223372036854775807 radius\n0p+0\n",
          "dim 2 parameter_dim 0 time 0\ntensors 0\nnodes 4000000000000\nstate\noutput 0\nend\n",
          "dim 2 parameter_dim 0 time 0\ntensors 0\nnodes 2\nstate\ngather 0 99999999999 0 1\noutput 0\nend\n",
          "dim 18446744073709551615 parameter_dim 0 time 0\ntensors 0\nnodes 1\nstate\noutput 0\nend\n"}) {
        CHECK(refused(with_digest(body)));
    }
    // A state of two thousand million entries costs nothing until it is evaluated.
    CHECK(!refused(with_digest("dim 2000000000 parameter_dim 0 time 0\ntensors 0\nnodes 1\nstate\noutput 0\nend\n")));
}

void test_sha256() {
    // FIPS 180-4 examples.
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256_hex(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    Sha256 parts;
    for (const char c : std::string("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) parts.update({&c, 1});
    CHECK(parts.hex_digest() == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

}  // namespace

int main() {
    test_sha256();
    test_round_trip();
    test_damage();
    test_sizes();
    test_fuzz();
    return check::report();
}
