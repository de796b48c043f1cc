{{ disposed(ref('typed_jiangxi__case_penalties')) }}
