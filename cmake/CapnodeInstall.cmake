# `cmake --install` of the C++ library alone: headers, archive, our OpenBLAS, and a package for find_package(capnode).
include(CMakePackageConfigHelpers)
install(TARGETS capnode EXPORT capnodeTargets COMPONENT library
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY cpp/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
install(EXPORT capnodeTargets NAMESPACE capnode:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/capnode COMPONENT library)
if(CAPNODE_BLAS_BUNDLED_LIBRARY)
  install(FILES ${CAPNODE_BLAS_BUNDLED_LIBRARY} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
  set(capnode_config_blas "bundled")
else()
  set(capnode_config_blas "system")
endif()
configure_package_config_file(cmake/capnodeConfig.cmake.in ${CMAKE_BINARY_DIR}/capnodeConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/capnode PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/capnodeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/capnodeConfig.cmake ${CMAKE_BINARY_DIR}/capnodeConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/capnode COMPONENT library)
