{{ disposed(ref('typed_five_level__monitoring_tasks')) }}
