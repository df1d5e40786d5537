#include "bindings.hpp"
#include "result.hpp"

namespace capnode::bindings {

void register_proof(py::module_& module) {
    // InternalError is a class of Python's (capnode/errors.py), looked up when one is thrown.
    py::register_exception_translator([](std::exception_ptr thrown) {
        try {
            if (thrown) std::rethrow_exception(thrown);
        } catch (const InternalError& error) {
            PyErr_SetString(py::module_::import("capnode.errors").attr("InternalError").ptr(), error.what());
        }
    });
    module.def(
        "verdict_sentences",
        [] {
            py::dict sentences;
#define CAPNODE_VERDICT_ENTRY(id, text) sentences[#id] = text;
            CAPNODE_VERDICTS(CAPNODE_VERDICT_ENTRY)
#undef CAPNODE_VERDICT_ENTRY
            return sentences;
        },
        "Every verdict by name with its sentence (proof/verdict.hpp).");
}

}  // namespace capnode::bindings
