#include "capnode/field/field_io.hpp"

#include <charconv>

#include "capnode/field/digest.hpp"
#include "field_reader.hpp"

namespace capnode {
namespace {

constexpr std::string_view magic = "capnode-field ";
constexpr std::string_view version = "1";

void write_number(std::string& out, double value) {
    char buffer[32];
    const auto result = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::hex);
    out.append(buffer, result.ptr);
}

void write_matrix(std::string& out, const Matrix& m) {
    for (std::size_t i = 0; i < m.rows; ++i) {
        for (std::size_t j = 0; j < m.cols; ++j) {
            if (j > 0) out.push_back(' ');
            write_number(out, m(i, j));
        }
        out.push_back('\n');
    }
}

void write_word(std::string& out, std::size_t value) {
    out.push_back(' ');
    out += std::to_string(value);
}

void write_node(std::string& out, const Node& n) {
    out += name(n.operation);
    const auto inputs = [&] {
        for (const NodeId input : n.inputs) write_word(out, input);
    };
    switch (n.operation) {
        case Operation::constant:
            write_word(out, n.weight);
            break;
        case Operation::affine:
            inputs();
            write_word(out, n.weight);
            if (n.bias == no_tensor) {
                out += " -";
            } else {
                write_word(out, n.bias);
            }
            break;
        case Operation::gather:
            inputs();
            write_word(out, n.indices.size());
            for (const std::uint32_t index : n.indices) write_word(out, index);
            break;
        case Operation::concat:
            write_word(out, n.inputs.size());
            inputs();
            break;
        case Operation::matvec:
            inputs();
            write_word(out, n.rows);
            write_word(out, n.cols);
            break;
        case Operation::apply:
            out += " ";
            out += name(n.function);
            inputs();
            break;
        case Operation::power:
            inputs();
            out.push_back(' ');
            out += std::to_string(n.exponent);
            break;
        default:
            inputs();
    }
    out.push_back('\n');
}

}  // namespace

std::string canonical_text(const Field& field) {
    std::string out = "dim " + std::to_string(field.dim()) + " parameter_dim " + std::to_string(field.parameter_dim()) +
                      " time " + (field.has_time() ? "1" : "0") + "\n";
    out += "tensors " + std::to_string(field.tensors().size()) + "\n";
    for (const Tensor& t : field.tensors()) {
        out += "tensor " + std::to_string(t.mid.rows) + " " + std::to_string(t.mid.cols) +
               (t.exact() ? " exact\n" : " radius\n");
        write_matrix(out, t.mid);
        if (!t.exact()) write_matrix(out, t.rad);
    }
    out += "nodes " + std::to_string(field.nodes().size()) + "\n";
    for (const Node& n : field.nodes()) write_node(out, n);
    out += "output " + std::to_string(field.output()) + "\nend\n";
    return out;
}

std::string to_text(const Field& field) {
    return std::string(magic) + std::string(version) + "\ndigest " + field.digest() + "\n" + canonical_text(field);
}

Field from_text(std::string_view text) {
    if (!text.starts_with(magic)) {
        throw FieldFormatError("not a field file: it does not begin with '" + std::string(magic) + "'");
    }
    std::string_view rest = text.substr(magic.size());
    const std::size_t version_end = rest.find('\n');
    const std::string_view found = rest.substr(0, version_end);
    if (version_end == std::string_view::npos || found.size() > 20) {
        throw FieldFormatError("field file, line 1: truncated or not a version number");
    }
    if (found != version) {
        throw FieldFormatError("field file of version " + std::string(found) + "; this program reads version " +
                               std::string(version));
    }
    rest.remove_prefix(version_end + 1);
    constexpr std::string_view keyword = "digest ";
    constexpr std::size_t line_size = keyword.size() + 64 + 1;
    if (rest.size() < line_size || !rest.starts_with(keyword) || rest[line_size - 1] != '\n') {
        throw FieldFormatError("field file, line 2: 'digest ' and 64 hex digits expected (truncated?)");
    }
    const std::string_view written = rest.substr(keyword.size(), 64);
    const std::string_view body = rest.substr(line_size);
    const std::string actual = sha256_hex(body);
    if (written != actual) {
        throw FieldFormatError("field file: truncated or altered; the digest in the file is " + std::string(written) +
                               ", that of its contents " + actual);
    }
    Field field = detail::read_body(body);
    if (field.digest() != actual) {
        throw FieldFormatError("field file: not in canonical form; its digest is " + actual +
                               ", that of the same field in canonical form " + field.digest());
    }
    return field;
}

}  // namespace capnode
