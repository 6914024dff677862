"""Public names of PyTorch 2.13.0 that are not here; written by tests/programs/surface.py."""

from __future__ import annotations

ABSENT: dict[str, str] = {
    "torch": """
AVG AcceleratorError AggregationType AliasDb AnyType Argument ArgumentSpec AwaitType BFloat16Storage
BFloat16Tensor BenchmarkConfig BenchmarkExecutionStats Block BoolStorage BoolType BufferDict ByteStorage
CallStack Capsule CharStorage ClassType Code CompilationUnit CompleteArgumentSpec ComplexDoubleStorage
ComplexFloatStorage ComplexType ConcreteModuleType ConcreteModuleTypeBuilder DeepCopyMemoTable
DeserializationStorageContext DeviceObjType DictType DisableTorchFunction DisableTorchFunctionSubclass
DispatchKey DispatchKeySet DoubleStorage EnumType ErrorReport ExcludeDispatchKeyGuard ExecutionPlan
FatalError FileCheck FloatStorage FloatType FunctionSchema Future FutureType Gradient Graph
GraphExecutorState HalfStorage IODescriptor InferredType IntStorage IntType InterfaceType JITException
ListType LiteScriptModule LockingLogger LoggerBase LongStorage ModuleDict Node NoneType NoopLogger
NumberType OperatorInfo OptionalType PRIVATE_OPS ParameterDict PyObjectType PyTorchFileReader
PyTorchFileWriter QInt32Storage QInt8Storage QUInt2x4Storage QUInt4x2Storage QUInt8Storage RRefType SUM
ScriptClass ScriptClassFunction ScriptDict ScriptDictIterator ScriptDictKeyIterator ScriptFunction
ScriptList ScriptListIterator ScriptMethod ScriptModule ScriptModuleSerializer ScriptObject
ScriptObjectProperty SerializationStorageContext ShortStorage StaticModule Storage StorageBase StreamObjType
StringType SymBool SymBoolType SymFloat SymInt SymIntType Tag TensorType ThroughputBenchmark TracingState
TupleType Type TypedStorage USE_GLOBAL_DEPS USE_RTLD_GLOBAL_WITH_LIBTORCH UnionType UntypedStorage Use Value
affine_grid_generator alpha_dropout_ ao autocast_decrement_nesting autocast_increment_nesting
batch_norm_backward_elemt batch_norm_backward_reduce batch_norm_elemt batch_norm_gather_stats
batch_norm_gather_stats_with_counts batch_norm_stats batch_norm_update_stats bit bits16 bits1x8 bits2x4
bits4x2 bits8 ccol_indices_copy chalf choose_qparams_optimized classes classproperty clear_autocast_cache
col_indices_copy compiled_with_cxx11_abi complex32 cond conv_tbc convolution cpp crow_indices_copy
cudnn_affine_grid_generator cudnn_batch_norm cudnn_convolution cudnn_convolution_add_relu
cudnn_convolution_relu cudnn_convolution_transpose cudnn_grid_sampler cudnn_is_acceptable dequantize
detach_copy distributed dropout_ dsmm eig embedding_bag embedding_renorm_ empty_permuted empty_quantized
export fake_quantize_per_channel_affine fake_quantize_per_tensor_affine fbgemm_linear_fp16_weight
fbgemm_linear_fp16_weight_fp32_activation fbgemm_linear_int8_weight
fbgemm_linear_int8_weight_fp32_activation fbgemm_linear_quantize_weight fbgemm_pack_gemm_matrix_fp16
fbgemm_pack_quantized_matrix feature_alpha_dropout_ feature_dropout feature_dropout_ float4_e2m1fn_x2
float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu fork frobenius_norm from_file
functional fused_moving_avg_obs_fake_quant futures fx geqrf get_autocast_cpu_dtype get_autocast_dtype
get_autocast_gpu_dtype get_autocast_ipu_dtype get_autocast_xla_dtype get_deterministic_debug_mode
get_file_path grid_sampler gru gru_cell has_lapack has_mkl has_openmp has_spectral hash_tensor histogramdd
hsmm hspmm hub import_ir_module import_ir_module_from_buffer indices_copy init_num_threads int1 int2 int3
int4 int5 int6 int7 int_repr is_anomaly_check_nan_enabled is_anomaly_enabled is_autocast_cache_enabled
is_autocast_cpu_enabled is_autocast_enabled is_autocast_ipu_enabled is_autocast_xla_enabled is_distributed
is_vulkan_available jagged layout legacy_contiguous_format library lobpcg lstm lstm_cell lstsq masked
matrix_rank max_pool1d_with_indices memory_format merge_type_from_type_comment miopen_batch_norm
miopen_convolution miopen_convolution_add_relu miopen_convolution_relu miopen_convolution_transpose
miopen_ctc_loss miopen_depthwise_convolution miopen_rnn mkldnn_adaptive_avg_pool2d mkldnn_convolution
mkldnn_linear_backward_weights mkldnn_max_pool2d mkldnn_max_pool3d mkldnn_rnn_layer monitor mps mtia
multiprocessing native_channel_shuffle native_dropout native_norm nested nuclear_norm orgqr overrides
package parse_ir parse_schema parse_type_comment per_channel_affine per_channel_affine_float_qparams
per_channel_symmetric per_tensor_affine per_tensor_symmetric prepare_multiprocessing_environment
profiler_allow_cudagraph_cupti_lazy_reinit_cuda12 q_per_channel_axis q_per_channel_scales
q_per_channel_zero_points q_scale q_zero_point qint32 qint8 qscheme quantization quantize_per_channel
quantize_per_tensor quantize_per_tensor_dynamic quantized_batch_norm quantized_gru quantized_gru_cell
quantized_lstm quantized_lstm_cell quantized_max_pool1d quantized_max_pool2d quantized_max_pool3d
quantized_rnn_relu_cell quantized_rnn_tanh_cell quasirandom quint2x4 quint4x2 quint8 resize_as_sparse_
return_types rnn_relu rnn_relu_cell rnn_tanh rnn_tanh_cell row_indices_copy rrelu_ saddmm
set_anomaly_enabled set_autocast_cache_enabled set_autocast_cpu_dtype set_autocast_cpu_enabled
set_autocast_dtype set_autocast_enabled set_autocast_gpu_dtype set_autocast_ipu_dtype
set_autocast_ipu_enabled set_autocast_xla_dtype set_autocast_xla_enabled set_deterministic_debug_mode signal
slice_inverse smm solve sparse sparse_bsc sparse_bsc_tensor sparse_bsr sparse_bsr_tensor
sparse_compressed_tensor sparse_coo sparse_coo_tensor sparse_csc sparse_csc_tensor sparse_csr
sparse_csr_tensor split_copy spmm sspaddmm sym_constrain_range sym_constrain_range_for_size sym_float
sym_fresh_size sym_int sym_ite sym_max sym_min sym_not sym_sqrt sym_sum symeig thread_safe_generator
to_dlpack torch_version uint1 uint16 uint2 uint3 uint32 uint4 uint5 uint6 uint64 uint7 unify_type_list
unsafe_split_with_sizes values_copy view_as_complex_copy view_as_real_copy wait while_loop xpu
    """,
    "torch.Tensor": """
bfloat16 ccol_indices chalf coalesce col_indices crow_indices dequantize eig geqrf grad_dtype hash_tensor
index indices int_repr ipu is_coalesced is_ipu is_maia is_mkldnn is_mps is_mtia is_sparse_csr is_vulkan
is_xla is_xpu lstsq module_load mtia name new_empty_strided orgqr q_per_channel_axis q_per_channel_scales
q_per_channel_zero_points q_scale q_zero_point qscheme reinforce resize resize_as resize_as_sparse_
row_indices slice_inverse smm solve sparse_dim sparse_mask sparse_resize_ sparse_resize_and_clear_ sspaddmm
symeig to_mkldnn to_padded_tensor to_sparse to_sparse_bsc to_sparse_bsr to_sparse_coo to_sparse_csc
to_sparse_csr unsafe_split_with_sizes values volatile xpu
    """,
    "torch.nn": """
Container LinearCrossEntropyLoss LinearCrossEntropyOptions attention common_types factory_kwargs grad
intrinsic parallel qat quantizable quantized
    """,
    "torch.nn.functional": """
BroadcastingList1 BroadcastingList2 BroadcastingList3 GRID_SAMPLE_INTERPOLATION_MODES
GRID_SAMPLE_PADDING_MODES ScalingType SwizzleType adaptive_max_pool1d_with_indices
adaptive_max_pool2d_with_indices adaptive_max_pool3d_with_indices assert_int_or_pair boolean_dispatch
conv_tbc fractional_max_pool2d_with_indices fractional_max_pool3d_with_indices grad grouped_mm
handle_torch_function has_torch_function has_torch_function_unary has_torch_function_variadic
max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices native_channel_shuffle
reproducibility_notes rrelu_ scaled_grouped_mm scaled_mm sparse_support_notes tf32_notes
    """,
    "torch.optim": """
swap_in_optimizer_params_and_state
    """,
    "torch.autograd": """
NestedIOFunction enforce_grad_layout_policy
    """,
    "torch.autograd.graph": """
region_activation_memory_budget set_override_stale_capture_stream
set_warn_on_accumulate_grad_stream_mismatch
    """,
    "torch.func": """
debug_unwrap functionalize rearrange replace_all_batch_norm_modules_
    """,
    "torch.nn.init": """
constant dirac eye kaiming_normal kaiming_uniform normal orthogonal sparse uniform xavier_normal
xavier_uniform
    """,
    "torch.nn.utils": """
convert_conv2d_weight_memory_format convert_conv3d_weight_memory_format
    """,
    "torch.utils.data": """
DFIterDataPipe DataChunk DistributedSampler IterDataPipe MapDataPipe _DatasetKind argument_validation
functional_datapipe guaranteed_datapipes_determinism non_deterministic runtime_validation
runtime_validation_disabled
    """,
    "torch.utils.checkpoint": """
CheckpointPolicy DefaultDeviceType GraphExecGroup SAC_IGNORED_OPS SelectiveCheckpointContext
check_backward_validity create_selective_checkpoint_contexts detach_variable get_device_states
noop_context_fn set_checkpoint_debug_enabled set_device_states
    """,
    "torch.linalg": """
common_notes ldl_factor ldl_factor_ex ldl_solve
    """,
    "torch.special": """
chebyshev_polynomial_v chebyshev_polynomial_w shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w
    """,
    "torch.distributions": """
CatTransform CorrCholeskyTransform CumulativeDistributionTransform GeneralizedPareto LKJCholesky
StackTransform Wishart
    """,
    "torch.distributions.constraints": """
cat dependent_property stack
    """,
    "torch.distributions.transforms": """
CatTransform CorrCholeskyTransform CumulativeDistributionTransform StackTransform
    """,
    "torch.random": """
thread_safe_generator
    """,
    "torch.testing": """
FileCheck
    """,
    "torch.nn.attention": """
SDPBackend WARN_FOR_UNFUSED_KERNELS activate_flash_attention_impl current_flash_attention_impl
list_flash_attention_impls register_flash_attention_impl restore_flash_attention_impl sdpa_kernel
    """,
    "torch.signal.windows": """
bartlett blackman cosine exponential gaussian general_cosine general_hamming hamming hann kaiser nuttall
    """,
    "torch.profiler": """
DeviceType ExecutionTraceObserver kineto_available
    """,
    "torch.cuda": """
BFloat16Storage BFloat16Tensor BoolStorage ByteStorage CUDAPluggableAllocator CharStorage
ComplexDoubleStorage ComplexFloatStorage CudaError DeferredCudaCallError DoubleStorage FloatStorage
GreenContext HalfStorage IntStorage LongStorage MemPool ShortStorage caching_allocator_alloc
caching_allocator_delete caching_allocator_disabled caching_allocator_enable change_current_allocator
check_error clock_rate cudaStatus cudart current_solver_handle device_memory_used host_memory_stats
host_memory_stats_as_nested_dict jiterator list_gpu_processes memory_snapshot memory_usage nccl power_draw
reset_accumulated_host_memory_stats reset_peak_host_memory_stats sparse temperature tunable use_mem_pool
utilization
    """,
    "torch.jit": """
Attribute CompilationUnit Error Future ScriptFunction ScriptModule enable_onednn_fusion export_opnames fork
interface isinstance load onednn_fusion_enabled save set_fusion_strategy strict_fusion trace_module wait
    """,
    "torch.utils": """
ThroughputBenchmark backcompat backend_registration cmake_prefix_path collect_env cpp_backtrace
deterministic dlpack generate_methods_for_privateuse1_backend get_cpp_backtrace rename_privateuse1_backend
set_module swap_tensors throughput_benchmark weak
    """,
    "torch.serialization": """
LoadEndianness SourceChangeWarning StorageType add_safe_globals check_module_version_greater_or_equal
clear_safe_globals default_restore_location get_crc32_options get_default_load_endianness
get_default_mmap_options get_safe_globals get_unsafe_globals_in_checkpoint location_tag mkdtemp
normalize_storage_type register_package safe_globals set_crc32_options set_default_load_endianness
set_default_mmap_options skip_data storage_to_tensor_type validate_cuda_device validate_hpu_device
    """,
    "torch.nn.parameter": """
UninitializedTensorMixin
    """,
    "torch.types": """
Device FileLike Number Storage
    """,
    "torch.compiler": """
assume_constant_result config cudagraph_mark_step_begin get_default_backend is_exporting
keep_portable_guards_unsafe keep_tensor_guards_unsafe list_backends load_cache_artifacts
load_compiled_function nested_compile_region save_cache_artifacts set_default_backend
set_enable_guard_collectives set_stance skip_all_guards_unsafe skip_guard_on_all_nn_modules_unsafe
skip_guard_on_globals_unsafe skip_guard_on_inbuilt_nn_modules_unsafe substitute_in_graph wrap_numpy
    """,
    "torch.hub": """
download_url_to_file get_dir help list load load_state_dict_from_url set_dir
    """,
}
"""By module, the names in one text."""
