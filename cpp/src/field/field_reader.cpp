#include "field_reader.hpp"

#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "capnode/field/field_io.hpp"

namespace capnode::detail {
namespace {

std::string shown(std::string_view text) {
    std::string out(1, '\'');
    out.append(text.substr(0, 40));
    out.push_back('\'');
    return out;
}

// Reads the text word by word; every refusal names the line. Line 3 is the first after the digest.
class Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) {}

    [[noreturn]] void fail(const std::string& what) const {
        throw FieldFormatError("field file, line " + std::to_string(line_) + ": " + what);
    }

    std::string_view next_line() {
        ++line_;
        const std::size_t end = rest_.find('\n');
        if (end == std::string_view::npos) fail("the file ends in the middle of a line (truncated?)");
        const std::string_view text = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return text;
    }

    /// Starts a new line of words.
    void start_line() { words_ = next_line(); }
    void end_line() {
        if (!words_.empty()) fail("unexpected text " + shown(words_));
    }

    std::string_view word() {
        if (words_.empty()) fail("the line ends early");
        const std::size_t end = words_.find(' ');
        const std::string_view text = words_.substr(0, end);
        words_.remove_prefix(end == std::string_view::npos ? words_.size() : end + 1);
        if (text.empty()) fail("two spaces in a row");
        if (words_.empty() && end != std::string_view::npos) fail("a space at the end of the line");
        return text;
    }

    void expect(std::string_view keyword) {
        const std::string_view text = word();
        if (text != keyword) {
            fail(shown(keyword).append(" expected, found ").append(shown(text)));
        }
    }

    template <class Integer>
    Integer integer(const char* what) {
        const std::string_view text = word();
        Integer value{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size()) {
            fail(std::string(what) + ": an integer expected, found " + shown(text));
        }
        return value;
    }

    /// A count of things of which each takes at least two characters of the rest of the file.
    std::size_t count(const char* what) {
        const auto value = integer<std::size_t>(what);
        if (value > (rest_.size() + words_.size() + 1) / 2) {
            fail(std::string(what) + ": " + std::to_string(value) + " does not fit into the " +
                 std::to_string(rest_.size()) + " bytes that follow");
        }
        return value;
    }

    double number() {
        const std::string_view text = word();
        double value = 0.0;
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::hex);
        if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
            fail("a finite hex float expected, found " + shown(text));
        }
        return value;
    }

    Matrix matrix(std::size_t rows, std::size_t cols) {
        Matrix m(rows, cols);
        for (std::size_t i = 0; i < rows; ++i) {
            start_line();
            for (std::size_t j = 0; j < cols; ++j) m(i, j) = number();
            end_line();
        }
        return m;
    }

    Tensor tensor() {
        start_line();
        expect("tensor");
        const std::size_t rows = count("rows");
        const std::size_t cols = count("columns");
        const std::string_view kind = word();
        if (kind != "exact" && kind != "radius") fail("'exact' or 'radius' expected, found " + shown(kind));
        end_line();
        const std::size_t copies = kind == "radius" ? 2 : 1;
        // Each entry takes at least two characters ("0p+0" and a space or newline take five).
        if (rows == 0 || cols == 0 || rows > rest_.size() / (2 * copies * cols)) {
            fail("a tensor of " + std::to_string(rows) + " x " + std::to_string(cols) + " does not fit into the " +
                 std::to_string(rest_.size()) + " bytes that follow");
        }
        Tensor t;
        t.mid = matrix(rows, cols);
        if (copies == 2) t.rad = matrix(rows, cols);
        return t;
    }

    bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
    std::string_view words_;
    std::size_t line_ = 2;
};

std::optional<Operation> operation_from_name(std::string_view text) {
#define CAPNODE_OPERATION_MATCH(id) \
    if (text == #id) return Operation::id;
    CAPNODE_OPERATIONS(CAPNODE_OPERATION_MATCH)
#undef CAPNODE_OPERATION_MATCH
    return std::nullopt;
}

// One node line, replayed through the builder, which checks the sizes. `ids` are the builder's names of the nodes.
NodeId read_node(Reader& in, FieldBuilder& builder, const std::vector<NodeId>& ids,
                 const std::vector<Tensor>& tensors) {
    in.start_line();
    const std::string word(in.word());
    const auto operation = operation_from_name(word);
    if (!operation) in.fail("unknown operation " + shown(word));
    const auto node = [&] {
        const auto id = in.integer<std::size_t>("node");
        if (id >= ids.size()) {
            in.fail("node " + std::to_string(id) + " is not earlier than node " + std::to_string(ids.size()));
        }
        return ids[id];
    };
    const auto tensor = [&]() -> const Tensor& {
        const auto id = in.integer<std::size_t>("tensor");
        if (id >= tensors.size()) {
            in.fail("tensor " + std::to_string(id) + " does not exist, there are " + std::to_string(tensors.size()));
        }
        return tensors[id];
    };
    switch (*operation) {
        case Operation::state:
            return builder.state();
        case Operation::parameter:
            return builder.parameter();
        case Operation::time:
            return builder.time();
        case Operation::constant: {
            const Tensor& t = tensor();
            return builder.constant(t.mid, t.rad);
        }
        case Operation::affine: {
            const NodeId a = node();
            const Tensor& w = tensor();
            const auto bias = in.word();
            if (bias == "-") return builder.affine(a, w.mid, w.rad);
            std::size_t id = 0;
            const auto [end, error] = std::from_chars(bias.data(), bias.data() + bias.size(), id);
            if (error != std::errc() || end != bias.data() + bias.size() || id >= tensors.size()) {
                in.fail("a bias tensor expected, found " + shown(bias));
            }
            return builder.affine(a, w.mid, w.rad, tensors[id].mid, tensors[id].rad);
        }
        case Operation::add:
        case Operation::subtract:
        case Operation::multiply:
        case Operation::divide: {
            const NodeId a = node();
            const NodeId b = node();
            if (*operation == Operation::add) return builder.add(a, b);
            if (*operation == Operation::subtract) return builder.subtract(a, b);
            if (*operation == Operation::multiply) return builder.multiply(a, b);
            return builder.divide(a, b);
        }
        case Operation::negate:
            return builder.negate(node());
        case Operation::gather: {
            const NodeId a = node();
            std::vector<std::uint32_t> indices(in.count("indices"));
            for (std::uint32_t& index : indices) index = in.integer<std::uint32_t>("index");
            return builder.gather(a, std::move(indices));
        }
        case Operation::concat: {
            std::vector<NodeId> parts(in.count("parts"));
            for (NodeId& part : parts) part = node();
            return builder.concat(parts);
        }
        case Operation::matvec: {
            const NodeId a = node();
            const NodeId b = node();
            const auto rows = in.integer<std::size_t>("rows");
            const auto cols = in.integer<std::size_t>("columns");
            return builder.matvec(a, b, rows, cols);
        }
        case Operation::apply: {
            const std::string function(in.word());
            return builder.apply(function, node());
        }
        case Operation::power: {
            const NodeId a = node();
            return builder.power(a, in.integer<int>("exponent"));
        }
    }
    in.fail("unknown operation");
}

}  // namespace

Field read_body(std::string_view body) {
    Reader in(body);
    try {
        in.start_line();
        in.expect("dim");
        const auto dim = in.integer<std::size_t>("dim");
        in.expect("parameter_dim");
        const auto parameter_dim = in.integer<std::size_t>("parameter_dim");
        in.expect("time");
        const auto time = in.integer<int>("time");
        in.end_line();
        in.start_line();
        in.expect("tensors");
        std::vector<Tensor> tensors(0);
        const std::size_t tensor_count = in.count("tensors");
        in.end_line();
        for (std::size_t k = 0; k < tensor_count; ++k) tensors.push_back(in.tensor());
        in.start_line();
        in.expect("nodes");
        const std::size_t node_count = in.count("nodes");
        in.end_line();
        FieldBuilder builder(dim, parameter_dim, time == 1);
        std::vector<NodeId> ids;
        for (std::size_t k = 0; k < node_count; ++k) {
            ids.push_back(read_node(in, builder, ids, tensors));
            in.end_line();
        }
        in.start_line();
        in.expect("output");
        const auto output = in.integer<std::size_t>("output");
        if (output >= ids.size()) {
            in.fail("the output is node " + std::to_string(output) + ", there are " + std::to_string(ids.size()));
        }
        in.end_line();
        in.start_line();
        in.expect("end");
        in.end_line();
        if (!in.at_end()) in.fail("text after the end");
        return builder.build(ids[output]);
    } catch (const FieldFormatError&) {
        throw;
    } catch (const std::invalid_argument& e) {  // a size that the builder refused
        in.fail(e.what());
    }
}

}  // namespace capnode::detail
