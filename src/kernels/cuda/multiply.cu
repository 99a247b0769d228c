// Matrix products: by cuBLASLt where its library is found when the device is opened, else by a
// kernel of our own. The library is loaded and not linked: it is half a gigabyte, and a program
// that does not use a GPU should start without it.
#include <dlfcn.h>

#include <cstdio>

#include "kernels/cuda/device.h"

#if __has_include(<cublasLt.h>)
#define CAIRN_HAS_CUBLASLT
#include <cublasLt.h>
#endif

namespace cairn::cuda {
namespace {

// ---- Our own kernel: a block computes a square of C from squares of A and B in shared memory.

constexpr int kSide = 16;

// Element (i, k) of A is a[i * a_row + k * a_inner]; of B (k, j), b[k * b_inner + j * b_col].
struct Loops {
  uint32_t rows, cols, inner;
  const float* a;
  size_t a_row, a_inner;
  const float* b;
  size_t b_inner, b_col;
  const float* bias;
  bool relu;
  float* c;
};

__global__ void MultiplyKernel(Loops loops) {
  __shared__ float a[kSide][kSide + 1], b[kSide][kSide + 1];
  const uint32_t row = blockIdx.x * kSide + threadIdx.y, col = blockIdx.y * kSide + threadIdx.x;
  float sum = loops.bias != nullptr && col < loops.cols ? loops.bias[col] : 0.0f;
  for (uint32_t k = 0; k < loops.inner; k += kSide) {
    const uint32_t a_k = k + threadIdx.x, b_k = k + threadIdx.y;
    const bool has_a = row < loops.rows && a_k < loops.inner;
    const bool has_b = col < loops.cols && b_k < loops.inner;
    a[threadIdx.y][threadIdx.x] = has_a ? loops.a[row * loops.a_row + a_k * loops.a_inner] : 0.0f;
    b[threadIdx.y][threadIdx.x] = has_b ? loops.b[b_k * loops.b_inner + col * loops.b_col] : 0.0f;
    __syncthreads();
    for (int i = 0; i < kSide; ++i) sum = fmaf(a[threadIdx.y][i], b[i][threadIdx.x], sum);
    __syncthreads();
  }
  if (row >= loops.rows || col >= loops.cols) return;
  loops.c[size_t{row} * loops.cols + col] = loops.relu && sum < 0 ? 0.0f : sum;
}

Error MultiplyPlainly(Device* device, const Product& p) {
  const Loops loops = {p.rows,
                       p.cols,
                       p.inner,
                       p.a,
                       p.a_transposed ? 1 : size_t{p.inner},
                       p.a_transposed ? size_t{p.rows} : 1,
                       p.b,
                       p.b_transposed ? 1 : size_t{p.cols},
                       p.b_transposed ? size_t{p.inner} : 1,
                       p.bias,
                       p.relu,
                       p.c};
  const dim3 blocks((p.rows + kSide - 1) / kSide, (p.cols + kSide - 1) / kSide);
  MultiplyKernel<<<blocks, dim3(kSide, kSide), 0, device->stream>>>(loops);
  return cudaGetLastError();
}

}  // namespace

#ifdef CAIRN_HAS_CUBLASLT

struct Blas {
  static constexpr size_t kWorkspaceBytes = size_t{32} << 20;

  void* library;
  cublasLtHandle_t handle;
  void* workspace;
  decltype(&cublasLtCreate) create;
  decltype(&cublasLtDestroy) destroy;
  decltype(&cublasLtMatmul) matmul;
  decltype(&cublasLtMatmulDescCreate) desc_create;
  decltype(&cublasLtMatmulDescDestroy) desc_destroy;
  decltype(&cublasLtMatmulDescSetAttribute) desc_set;
  decltype(&cublasLtMatrixLayoutCreate) layout_create;
  decltype(&cublasLtMatrixLayoutDestroy) layout_destroy;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create;
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set;
  decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic;
};

namespace {

template <typename Function>
bool Find(void* library, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  return *function != nullptr;
}

bool FindAll(Blas* blas) {
  void* const library = blas->library;
  return Find(library, "cublasLtCreate", &blas->create) &&
         Find(library, "cublasLtDestroy", &blas->destroy) &&
         Find(library, "cublasLtMatmul", &blas->matmul) &&
         Find(library, "cublasLtMatmulDescCreate", &blas->desc_create) &&
         Find(library, "cublasLtMatmulDescDestroy", &blas->desc_destroy) &&
         Find(library, "cublasLtMatmulDescSetAttribute", &blas->desc_set) &&
         Find(library, "cublasLtMatrixLayoutCreate", &blas->layout_create) &&
         Find(library, "cublasLtMatrixLayoutDestroy", &blas->layout_destroy) &&
         Find(library, "cublasLtMatmulPreferenceCreate", &blas->preference_create) &&
         Find(library, "cublasLtMatmulPreferenceDestroy", &blas->preference_destroy) &&
         Find(library, "cublasLtMatmulPreferenceSetAttribute", &blas->preference_set) &&
         Find(library, "cublasLtMatmulAlgoGetHeuristic", &blas->heuristic);
}

// The library's numbers are column by column, ours row by row: a matrix of ours is its transpose
// there, in the same memory. So C^T = B^T A^T is asked for, and a bias of our columns is one of its
// rows, which is what its epilogues add.
class Matmul {
 public:
  Matmul(const Blas* blas, const Product& p) : blas_(blas) {
    const cublasOperation_t b_op = p.b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasOperation_t a_op = p.a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasLtEpilogue_t epilogue = p.bias == nullptr ? CUBLASLT_EPILOGUE_DEFAULT
                                        : p.relu          ? CUBLASLT_EPILOGUE_RELU_BIAS
                                                          : CUBLASLT_EPILOGUE_BIAS;
    ok_ = Good(blas->desc_create(&desc_, CUBLAS_COMPUTE_32F, CUDA_R_32F)) &&
          Set(CUBLASLT_MATMUL_DESC_TRANSA, b_op) && Set(CUBLASLT_MATMUL_DESC_TRANSB, a_op) &&
          Set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue) &&
          (p.bias == nullptr || Set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, p.bias)) &&
          Layout(&first_, p.b_transposed ? p.inner : p.cols, p.b_transposed ? p.cols : p.inner) &&
          Layout(&second_, p.a_transposed ? p.rows : p.inner, p.a_transposed ? p.inner : p.rows) &&
          Layout(&result_, p.cols, p.rows) && Good(blas->preference_create(&preference_)) &&
          Prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, Blas::kWorkspaceBytes) &&
          // Sums over parts are added up in a fixed order: the same bits every time.
          Prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                 uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
  }
  ~Matmul() {
    if (preference_ != nullptr) blas_->preference_destroy(preference_);
    for (const cublasLtMatrixLayout_t layout : {first_, second_, result_}) {
      if (layout != nullptr) blas_->layout_destroy(layout);
    }
    if (desc_ != nullptr) blas_->desc_destroy(desc_);
  }
  Matmul(const Matmul&) = delete;
  Matmul& operator=(const Matmul&) = delete;

  bool Run(const Product& p, cudaStream_t stream) const {
    const float one = 1, zero = 0;
    cublasLtMatmulHeuristicResult_t found;
    int count = 0;
    return ok_ &&
           Good(blas_->heuristic(blas_->handle, desc_, first_, second_, result_, result_,
                                 preference_, 1, &found, &count)) &&
           count == 1 &&
           Good(blas_->matmul(blas_->handle, desc_, &one, p.b, first_, p.a, second_, &zero, p.c,
                              result_, p.c, result_, &found.algo, blas_->workspace,
                              Blas::kWorkspaceBytes, stream));
  }

 private:
  static bool Good(cublasStatus_t status) { return status == CUBLAS_STATUS_SUCCESS; }
  template <typename T>
  bool Set(cublasLtMatmulDescAttributes_t attribute, const T& value) {
    return Good(blas_->desc_set(desc_, attribute, &value, sizeof value));
  }
  template <typename T>
  bool Prefer(cublasLtMatmulPreferenceAttributes_t attribute, const T& value) {
    return Good(blas_->preference_set(preference_, attribute, &value, sizeof value));
  }
  bool Layout(cublasLtMatrixLayout_t* layout, uint64_t rows, uint64_t cols) {
    return Good(blas_->layout_create(layout, CUDA_R_32F, rows, cols, static_cast<int64_t>(rows)));
  }

  const Blas* const blas_;
  cublasLtMatmulDesc_t desc_ = nullptr;
  cublasLtMatrixLayout_t first_ = nullptr, second_ = nullptr, result_ = nullptr;
  cublasLtMatmulPreference_t preference_ = nullptr;
  bool ok_ = false;
};

}  // namespace

Blas* OpenBlas() {
  char name[32];
  std::snprintf(name, sizeof name, "libcublasLt.so.%d", CUBLAS_VER_MAJOR);
  auto* const blas = new Blas{};
  blas->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (blas->library != nullptr && FindAll(blas) &&
      blas->create(&blas->handle) == CUBLAS_STATUS_SUCCESS &&
      cudaMalloc(&blas->workspace, Blas::kWorkspaceBytes) == cudaSuccess) {
    return blas;
  }
  cudaGetLastError();
  CloseBlas(blas);
  return nullptr;
}

void CloseBlas(Blas* blas) {
  if (blas == nullptr) return;
  if (blas->workspace != nullptr) cudaFree(blas->workspace);
  if (blas->handle != nullptr) blas->destroy(blas->handle);
  if (blas->library != nullptr) dlclose(blas->library);
  delete blas;
}

Error Multiply(Device* device, const Product& product) {
  if (product.rows == 0 || product.cols == 0) return 0;
  if (const Error error = Enter(device); error != 0) return error;
  // Without terms there is nothing to ask the library for.
  if (device->blas == nullptr || product.inner == 0) return MultiplyPlainly(device, product);
  return Matmul(device->blas, product).Run(product, device->stream) ? 0 : kCublasError;
}

#else

struct Blas {};
Blas* OpenBlas() { return nullptr; }
void CloseBlas(Blas*) {}

Error Multiply(Device* device, const Product& product) {
  if (product.rows == 0 || product.cols == 0) return 0;
  if (const Error error = Enter(device); error != 0) return error;
  return MultiplyPlainly(device, product);
}

#endif  // CAIRN_HAS_CUBLASLT

}  // namespace cairn::cuda
