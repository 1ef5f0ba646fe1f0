[assembly: CollectionBehavior(DisableTestParallelization = true)] // each test uses all cores itself
