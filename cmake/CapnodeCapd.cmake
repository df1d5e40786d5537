# The layer `capd`: the library capnode_capd (alias capnode::capd) on top of capnode and CAPD. The core library and the
# extension _core do not know it.
find_package(CAPD 6.0 MODULE)
if(NOT CAPD_FOUND)
  message(FATAL_ERROR
    "CAPNODE_WITH_CAPD=ON, but no CAPD was found. Looked in:${CAPD_SEARCHED}\n"
    "Found: capd/capdlib.h ${CAPD_INCLUDE_DIR}; libcapd ${CAPD_LIBRARY}; capd.pc ${CAPD_PC_FILE}\n"
    "Install CAPD (third_party/README.md tells how) and pass -DCAPD_ROOT=<its prefix>, or leave CAPNODE_WITH_CAPD off: "
    "capnode needs it for engine=\"capd\" only.")
endif()

# An extension of Python is a shared library: CAPD's archives must be position independent.
include(CheckCXXSourceCompiles)
function(capnode_check_capd_links_shared)
  set(CMAKE_REQUIRED_LIBRARIES CAPD::CAPD)
  set(CMAKE_REQUIRED_FLAGS "-shared -fPIC")
  set(CMAKE_POSITION_INDEPENDENT_CODE OFF)  # would add -fPIE after it
  check_cxx_source_compiles(
    "#include \"capd/capdlib.h\"
     extern \"C\" double capnode_check() { capd::IMap f(\"var:x;fun:-x;\"); capd::IOdeSolver s(f, 5);
     capd::ITimeMap t(s); capd::C0Rect2Set x(capd::IVector(1)); return t(capd::interval(1.), x)[0].rightBound(); }"
    CAPNODE_CAPD_LINKS_SHARED)
endfunction()
if(NOT "${CAPD_LIBRARY}" STREQUAL "${CAPNODE_CAPD_CHECKED}")
  unset(CAPNODE_CAPD_LINKS_SHARED CACHE)
endif()
capnode_check_capd_links_shared()
set(CAPNODE_CAPD_CHECKED "${CAPD_LIBRARY}" CACHE INTERNAL "the library that CAPNODE_CAPD_LINKS_SHARED speaks of")
if(NOT CAPNODE_CAPD_LINKS_SHARED)
  message(FATAL_ERROR
    "CAPD ${CAPD_VERSION} was found (${CAPD_LIBRARY}), but a shared library cannot be made of it. "
    "Build CAPD with -DCMAKE_POSITION_INDEPENDENT_CODE=ON (third_party/README.md). "
    "What the compiler said stands in ${CMAKE_BINARY_DIR}/CMakeFiles/CMakeConfigureLog.yaml")
endif()
message(STATUS "CAPD ${CAPD_VERSION}, intervals: ${CAPD_INTERVALS} (${CAPD_LIBRARY})")

file(GLOB capnode_capd_sources CONFIGURE_DEPENDS cpp/src/capd/*.cpp)
add_library(capnode_capd STATIC ${capnode_capd_sources})
add_library(capnode::capd ALIAS capnode_capd)
# CAPD's flags come with it: -frounding-math (no folding across a change of the rounding mode) and its interval type.
target_link_libraries(capnode_capd PUBLIC capnode::capnode CAPD::CAPD)
target_compile_definitions(capnode_capd PRIVATE
  CAPNODE_CAPD_VERSION="${CAPD_VERSION}" CAPNODE_CAPD_INTERVALS="${CAPD_INTERVALS}")
capnode_compile_options(capnode_capd)
# Where its arithmetic overflows, CAPD's filib calls std::terminate; in this library that is an exception (call.cpp).
target_link_options(capnode_capd INTERFACE LINKER:--wrap=_ZSt9terminatev)
