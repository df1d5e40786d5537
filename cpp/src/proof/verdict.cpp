#include "capnode/proof/verdict.hpp"

namespace capnode {

const char* name(Verdict verdict) {
    switch (verdict) {
#define CAPNODE_VERDICT_CASE(id, sentence) \
    case Verdict::id:                      \
        return #id;
        CAPNODE_VERDICTS(CAPNODE_VERDICT_CASE)
#undef CAPNODE_VERDICT_CASE
    }
    return "unknown";
}

const char* sentence(Verdict verdict) {
    switch (verdict) {
#define CAPNODE_VERDICT_CASE(id, text) \
    case Verdict::id:                  \
        return text;
        CAPNODE_VERDICTS(CAPNODE_VERDICT_CASE)
#undef CAPNODE_VERDICT_CASE
    }
    return "unknown";
}

}  // namespace capnode
