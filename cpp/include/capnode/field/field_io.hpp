// A field on disk: one text file, readable by anything that can read hex floats.
//
//     capnode-field 1
//     digest <SHA-256, 64 lower-case hex digits, of all bytes after this line's newline>
//     dim <n> parameter_dim <m> time <0 or 1>
//     tensors <count>
//     tensor <rows> <cols> exact            (then `rows` lines of `cols` numbers)
//     tensor <rows> <cols> radius           (then `rows` lines of midpoints, then `rows` lines of radii >= 0)
//     ...
//     nodes <count>
//     state | parameter | time              (one line a node, in order of evaluation, numbered from 0;
//     constant <tensor>                      a, b stand for earlier nodes)
//     affine <a> <weight tensor> <bias tensor, or ->
//     add <a> <b> | subtract <a> <b> | multiply <a> <b> | divide <a> <b> | negate <a>
//     gather <a> <count> <index> ...        (out[i] = a[index i], from 0)
//     concat <count> <a> ...
//     matvec <matrix> <vector> <rows> <cols>   (matrix row after row)
//     apply <function> <a>                  (tanh sigmoid softplus ... : the closed list)
//     power <a> <exponent>
//     output <node>
//     end
//
// Lines end with one newline, words are parted by one space. Numbers are hex floats as `std::to_chars` writes them
// ("1.8p+1" = 3, no 0x; Python's float.fromhex reads them): exactly the stored binary64 numbers. The text is
// canonical: nodes are numbered depth-first from the output, tensors by first use, nothing is unused and -0 is
// written as 0; a file in any other form is refused. So `Field::digest()` is the digest in its file.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "capnode/field/field.hpp"

namespace capnode {

/// The file is not a field, or is truncated, altered, of an unknown version, not canonical. A std::invalid_argument.
class FieldFormatError : public std::invalid_argument {
  public:
    using std::invalid_argument::invalid_argument;
};

/// What the digest is taken of: everything after the digest line.
std::string canonical_text(const Field& field);

/// The whole file as text, and back. Nothing but numbers is read; sizes are checked against the length of the text
/// before anything is allocated.
std::string to_text(const Field& field);
Field from_text(std::string_view text);

/// Writes a temporary file in the same folder, flushes it to the disk and renames it: afterwards `path` holds the
/// whole field or what it held before. Throws std::filesystem::filesystem_error, naming the path and the cause.
void save(const Field& field, const std::filesystem::path& path);
Field load(const std::filesystem::path& path);

}  // namespace capnode
