# OpenBLAS (with LAPACK), our private copy where possible: the PyPI package scipy-openblas32 is one self-contained shared
# library whose symbols start with `scipy_`. It is copied under its own SONAME (libcapnode_openblas.so), so that it can
# never be mistaken for the copy of another package, and installed beside the extension.
#
# Defines the interface target `capnode_blas`, and CAPNODE_BLAS_BUNDLED_LIBRARY where there is a copy to install.
add_library(capnode_blas INTERFACE)
set(CAPNODE_BLAS_BUNDLED_LIBRARY "")

if(CAPNODE_BLAS STREQUAL "auto" OR CAPNODE_BLAS STREQUAL "pypi")
  find_package(Python3 COMPONENTS Interpreter QUIET)
  if(DEFINED PYTHON_EXECUTABLE)
    set(blas_python ${PYTHON_EXECUTABLE})
  elseif(DEFINED Python_EXECUTABLE)
    set(blas_python ${Python_EXECUTABLE})
  else()
    set(blas_python ${Python3_EXECUTABLE})
  endif()
  if(blas_python)
    execute_process(
      COMMAND ${blas_python} -c "import scipy_openblas32 as b, os; print(os.path.join(b.get_lib_dir(), b.get_library(fullname=True)))"
      OUTPUT_VARIABLE blas_pypi_library OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    execute_process(
      COMMAND ${blas_python} -c "import os, shutil, sysconfig; print(shutil.which('patchelf', path=sysconfig.get_path('scripts')) or shutil.which('patchelf') or '')"
      OUTPUT_VARIABLE blas_patchelf OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()

if(blas_pypi_library AND EXISTS "${blas_pypi_library}")
  if(NOT blas_patchelf)
    find_program(blas_patchelf patchelf)
  endif()
  if(NOT blas_patchelf)
    message(FATAL_ERROR "scipy-openblas32 was found, but patchelf was not: `pip install patchelf`, or -DCAPNODE_BLAS=system")
  endif()
  set(CAPNODE_BLAS_BUNDLED_LIBRARY ${CMAKE_BINARY_DIR}/libcapnode_openblas.so)
  file(COPY_FILE "${blas_pypi_library}" "${CAPNODE_BLAS_BUNDLED_LIBRARY}" ONLY_IF_DIFFERENT)
  execute_process(COMMAND ${blas_patchelf} --set-soname libcapnode_openblas.so ${CAPNODE_BLAS_BUNDLED_LIBRARY}
    COMMAND_ERROR_IS_FATAL ANY)
  target_link_libraries(capnode_blas INTERFACE ${CAPNODE_BLAS_BUNDLED_LIBRARY})
  target_compile_definitions(capnode_blas INTERFACE CAPNODE_BLAS_SCIPY_PREFIX=1)
  message(STATUS "capnode: OpenBLAS from scipy-openblas32")
elseif(CAPNODE_BLAS STREQUAL "pypi")
  message(FATAL_ERROR "CAPNODE_BLAS=pypi, but Python package scipy-openblas32 was not found: `pip install scipy-openblas32 patchelf`")
else()
  set(BLA_VENDOR OpenBLAS)
  find_package(BLAS REQUIRED)
  find_package(LAPACK REQUIRED)
  target_link_libraries(capnode_blas INTERFACE LAPACK::LAPACK BLAS::BLAS)
  message(STATUS "capnode: OpenBLAS from the system")
endif()
