#include "eigenbasis_internal.hpp"

namespace capnode::detail {

bool cluster_candidate(const Matrix&, int, CandidateBasis&) { return false; }
bool rescale_candidate(const VerifiedEigenbasis&, CandidateBasis&) { return false; }

}  // namespace capnode::detail
