// A run of an FTLE field on disk: one folder, one file a tile, resumable after any stop.
//
//     run.json               what is computed: the specification with every number in hex, its digest
//     field-0.capnode ...    the fields, one a layer or stage (equal ones once)
//     tile-000000.npz ...    one a tile, named by its number
//     ftle.npz               all of it, written when the last tile is there
//
// The digest of a run is the SHA-256 of its specification as text, which names the fields by their digests. A tile
// file is a NumPy archive (zip, stored, all times 1980-01-01, entries in a fixed order) written to a temporary name in
// the folder, flushed to the disk and renamed: it is whole or it is not there. It holds
//     digest (64,) uint8, index (), first (2,) int64, shape (2,) int64, cpu (k,) uint8   ASCII where uint8
//     verdict_names (k,) uint8                           ASCII, one a line: what the numbers of verdicts mean
//     lower, upper (rows, cols) float64, verdicts (rows, cols) uint8
//     cell_boxes (m, 4) float64, cell_lower, cell_upper (m,) float64, cell_verdicts (m,) uint8, cell_parents (m,) int64
//     integrated () int64
// Python and the program capnode-ftle write the same bytes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capnode/dynamics/ftle.hpp"

namespace capnode {

/// The specification as text, fields by digest; two runs are one where the texts are equal.
std::string to_text(const FtleSpec& spec);
/// Back from the text; `fields` in the order of their first mention. std::invalid_argument where it does not fit.
FtleSpec ftle_spec_from_text(std::string_view text, const std::vector<Field>& fields);
/// The different fields of a specification in the order of their first mention.
std::vector<Field> fields_of(const FtleSpec& spec);
std::string digest(const FtleSpec& spec);

/// Makes the folder with run.json and the fields, or finds them there. std::invalid_argument, naming both digests,
/// where the folder holds another run; std::filesystem::filesystem_error where it cannot be written.
void open_ftle_run(const std::filesystem::path& folder, const FtleSpec& spec);
/// The specification of the run in a folder.
FtleSpec load_ftle_run(const std::filesystem::path& folder);

std::filesystem::path tile_path(const std::filesystem::path& folder, std::size_t index);
/// The bytes of a tile file.
std::string ftle_tile_bytes(const FtleTile& tile, const std::string& digest);
void write_ftle_tile(const std::filesystem::path& folder, const FtleTile& tile, const std::string& digest);
/// A whole tile of this run, else nothing; std::invalid_argument where it belongs to another run.
std::optional<FtleTile> read_ftle_tile(const std::filesystem::path& folder, const FtleSpec& spec, std::size_t index,
                                       const std::string& digest);
/// Which tiles are still to be computed.
std::vector<std::size_t> missing_ftle_tiles(const std::filesystem::path& folder, const FtleSpec& spec);

/// Writes ftle.npz from all tiles: what FtleField.load of Python reads. std::invalid_argument where one is missing.
///     digest, specification, method, cpu, verdict_names  ASCII as uint8 (cpu: one a line)
///     time (2,), axis_0, axis_1: edges of cells, or points; lower, upper, verdicts of the whole grid; the leaves of
///     all tiles as there, cell_parents as flat indices into the grid; integrated
void write_ftle_field(const std::filesystem::path& folder, const FtleSpec& spec);

/// CPU name and instruction set, as tiles record them.
std::string cpu_type();

}  // namespace capnode
