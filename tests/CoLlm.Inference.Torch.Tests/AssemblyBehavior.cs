// libtorch uses all cores by itself; test classes side by side would only fight for them.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
